import { spawn } from "node:child_process";
import { Agent, request } from "node:https";
import { partArgv } from "./programs.ts";

/** One kind of request, sent over and over. */
export interface Load {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly seconds: number;
}

const connections = 50;

/** Requests a second that were answered with success. Throws when some were not. */
export type Generator = (load: Load) => Promise<number>;

/** wrk, or our own when there is none: in both cases a process of its own with one thread and 50 connections. */
export function loadGenerator(wrk: string | undefined): Generator {
  return wrk === undefined ? ownGenerator : (load) => runWrk(wrk, load);
}

async function runWrk(wrk: string, { url, headers, seconds }: Load): Promise<number> {
  const head = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const text = await outputOf(wrk, ["-t1", `-c${connections}`, `-d${seconds}s`, ...head, url]);
  if (/Non-2xx|Socket errors/.test(text)) throw new Error(`the load was not answered: ${text}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]);
}

async function ownGenerator(load: Load): Promise<number> {
  return Number(await outputOf(process.execPath, partArgv("load", JSON.stringify(load))));
}

/** The part `load`: prints requests a second. */
export async function generateLoad({ url, headers, seconds }: Load): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, rejectUnauthorized: false });
  const end = performance.now() + seconds * 1000;
  let answered = 0;
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const sent = request(url, { agent, headers }, (res) => {
        if (res.statusCode !== 200) reject(new Error(`the load was answered ${res.statusCode}`));
        res.resume().on("end", resolve);
      });
      sent.on("error", reject).end();
    });
  const worker = async () => {
    while (performance.now() < end) {
      await one();
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  agent.destroy();
  process.stdout.write(String(answered / seconds));
}

function outputOf(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
    });
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(text) : reject(new Error(`${program} ended with ${code}`))));
  });
}
