// Runs a program of a built panel in this very process: `node run.mjs <root of the panel> <program> [arguments]`.
import { pathToFileURL } from "node:url";

const [root, program, ...args] = process.argv.slice(2);
const { main } = await import(pathToFileURL(`${root}/dist/${program}.js`).href);
const code = await main(args);
if (typeof code === "number") process.exitCode = code;
