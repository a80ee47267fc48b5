#!/usr/bin/env node
import { requireNode } from "../bootstrap/node-version.mjs";

requireNode();
const { runCommand } = await import("../bootstrap/commands.mjs");
const args = process.argv.slice(2);
// `patchbay up` is the supervisor itself: it needs the daemons, and this process's pid.
if (args[0] === "up") await runCommand("start", args.slice(1));
else await runCommand("cli", args);
