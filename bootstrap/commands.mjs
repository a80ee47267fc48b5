import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, SetupError } from "./checkout.mjs";
import { setUp } from "./setup.mjs";
import { withSetupLock } from "./setup-lock.mjs";

/** Runs a program of `dist/` in this very process, so that our pid and the signals sent to it are the program's. */
async function runProgram(name, args) {
  const file = join(root, "dist", `${name}.js`);
  if (!existsSync(file)) throw new SetupError(`dist/${name}.js has not been built: its source is not in this checkout`);
  const { main } = await import(pathToFileURL(file).href);
  const code = await main(args);
  if (typeof code === "number") process.exitCode = code;
}

const commands = {
  async start(args) {
    await setUp({ daemons: true });
    await runProgram("helper/main", args);
  },
  async demo(args) {
    await setUp({ daemons: true });
    await runProgram("cli/main", ["demo", ...args]);
  },
  async test(args) {
    await setUp({ daemons: true, tools: true });
    const { runTests } = await import("./test-suite.mjs");
    process.exitCode = await runTests(args);
  },
  async bench(args) {
    await setUp({ daemons: true, tools: true });
    await runProgram("bench/main", args);
  },
  async build() {
    await setUp();
  },
  async gen(args) {
    await setUp();
    await runProgram("cli/gen", args);
    const { genSurface } = await import("./surface.mjs");
    const code = await genSurface({ check: args.includes("--check") });
    if (code !== 0) process.exitCode = code;
  },
  async pack() {
    await setUp();
    const { packPackages } = await import("./pack.mjs");
    await withSetupLock(packPackages);
  },
  async ci() {
    await setUp({ daemons: true, tools: true });
  },
  async cli(args) {
    await setUp();
    await runProgram("cli/main", args);
  },
};

/** Runs one command. A SetupError ends the process with its message and exit code 1. */
export async function runCommand(name, args) {
  if (!Object.hasOwn(commands, name)) {
    process.stderr.write(`usage: node bootstrap/main.mjs <${Object.keys(commands).join("|")}> [arguments]\n`);
    process.exitCode = 2;
    return;
  }
  try {
    await commands[name](args);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`patchbay: ${error.message}\n`);
    process.exitCode = 1;
  }
}
