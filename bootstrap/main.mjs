import { requireNode } from "./node-version.mjs";

requireNode();
const { runCommand } = await import("./commands.mjs");
await runCommand(process.argv[2] ?? "start", process.argv.slice(3));
