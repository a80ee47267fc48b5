import { spawn } from "node:child_process";
import { root } from "./checkout.mjs";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs a program without a shell and passes signals on to it. Resolves when it has ended, with its exit code (128 + n
 * when signal n ended it) and the signal that was received here meanwhile, if any.
 *
 * Its standard output is our standard error unless `stdout` is true.
 */
export function run(program, args, { env = process.env, stdout = false, cwd = root } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", stdout ? "inherit" : 2, "inherit"] });
    let received;
    const pass = (signal) => {
      received = signal;
      child.kill(signal);
    };
    for (const signal of signals) process.on(signal, pass);
    const release = () => {
      for (const signal of signals) process.removeListener(signal, pass);
    };
    child.once("error", (error) => {
      release();
      reject(error);
    });
    child.once("close", (code, signal) => {
      release();
      resolve({ code: code ?? 128 + (signal === "SIGINT" ? 2 : signal === "SIGTERM" ? 15 : 9), received });
    });
  });
}

/** Like `run`, but a received signal ends this process too once the program has ended. Returns the exit code. */
export async function runOrStop(program, args, options) {
  const { code, received } = await run(program, args, options);
  if (received === undefined) return code;
  process.exit(received === "SIGINT" ? 130 : 143);
}
