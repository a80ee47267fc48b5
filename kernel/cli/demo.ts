import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { lstatSync } from "node:fs";
import { request } from "node:http";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { instanceConfig, instanceOptions, readFlags } from "../helper/config.ts";
import type { InstanceFile } from "../helper/entry.ts";
import { PanelClient, runningInstance } from "./client.ts";
import type { CommandContext } from "./context.ts";

const account = { username: "demo", domain: "demo.test", email: "demo@demo.test" };

const page = `<?php
header("Content-Type: text/plain");
echo "Patchbay serves ", $_SERVER["HTTP_HOST"], " with PHP ", PHP_VERSION, " as uid ", posix_geteuid(), "\\n";
`;

/** `patchbay demo`: an instance with one account whose PHP site answers, until it is told to stop. */
export async function demo({ argv }: CommandContext): Promise<number> {
  const { flags } = readFlags(argv, [...instanceOptions.map((option) => option.flag), "config"]);
  const { data } = instanceConfig(flags, process.env);
  const up = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "bin", "patchbay.mjs");
  const panel = spawn(process.execPath, [up, "up", ...argv], { stdio: "inherit" });
  const ended = new Promise<number>((resolve) => panel.on("exit", (code) => resolve(code ?? 1)));
  // A terminal sends Ctrl-C to both; SIGTERM reaches only this process.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => panel.kill("SIGTERM"));
  const instance = await Promise.race([ready(data, panel.pid), ended.then(() => undefined)]);
  if (!instance) return ended;
  try {
    await show(data, instance);
  } catch (error) {
    process.stderr.write(`patchbay: the demo account could not be made: ${(error as Error).message}\n`);
    panel.kill("SIGTERM");
    await ended;
    return 1;
  }
  return ended;
}

async function ready(data: string, pid: number | undefined): Promise<InstanceFile> {
  for (;;) {
    const instance = runningInstance(data);
    if (instance && instance.pid === pid) return instance;
    await sleep(50);
  }
}

async function show(data: string, instance: InstanceFile): Promise<void> {
  const client = new PanelClient(data, instance);
  const home = await ensureAccount(client);
  await writeAs(home, page);
  const http = instance.services["http"];
  if (!http) throw new Error("the instance names no http port");
  const answer = await fetchSite(http, account.domain);
  process.stdout.write(`\nThe demo site answers: ${answer}`);
  process.stdout.write(
    `  curl -H 'Host: ${account.domain}' http://${http.host}:${http.port}/\nCtrl-C stops everything.\n`,
  );
}

async function ensureAccount(client: PanelClient): Promise<string> {
  const found = await client.call("GET", "/api/accounts/list", { search: account.username });
  const items = (found.data as { items?: { id: number; username: string }[] } | null)?.items ?? [];
  const known = items.find((item) => item.username === account.username);
  const reply = known
    ? await client.call("GET", "/api/accounts/get", { id: known.id })
    : await client.call("POST", "/api/accounts/create", {
        ...account,
        password: randomBytes(18).toString("base64url"),
      });
  if (!reply.success) throw new Error(reply.message);
  return (reply.data as { home_dir: string }).home_dir;
}

/** Writes the page as the owner of the home: root has no business in there. */
function writeAs(home: string, text: string): Promise<void> {
  const owner = lstatSync(home);
  const identity = process.getuid?.() === 0 ? { uid: owner.uid, gid: owner.uid } : {};
  const script = 'import("node:fs").then((fs) => fs.writeFileSync("public_html/index.php", fs.readFileSync(0)))';
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["-e", script], {
      ...identity,
      cwd: home,
      env: {},
      stdio: ["pipe", "ignore", "inherit"],
    });
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error("the demo page could not be written"))));
    child.stdin?.end(text);
  });
}

function fetchSite(at: { host: string; port: number }, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...at, path: "/", headers: { host }, agent: false, timeout: 10_000 }, (res) => {
      const chunks: Buffer[] = [];
      res.on("data", (chunk: Buffer) => chunks.push(chunk));
      res.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        if (res.statusCode === 200) resolve(text);
        else reject(new Error(`the site answers ${res.statusCode}`));
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}
