#!/usr/bin/env node
// `patchbay` of the packed kernel: what it runs has been built, and the packages beside it are npm's business.
import { requireNode } from "./node-version.mjs";

requireNode();
const args = process.argv.slice(2);
// `patchbay up` is the supervisor itself: it needs this process's pid.
const program = args[0] === "up" ? "../dist/helper/main.js" : "../dist/cli/main.js";
const { main } = await import(program);
const code = await main(args[0] === "up" ? args.slice(1) : args);
if (typeof code === "number") process.exitCode = code;
