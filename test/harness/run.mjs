// Runs a program of a built checkout in this very process: `node run.mjs <checkout> <program> [arguments]`.
const [checkout, program, ...args] = process.argv.slice(2);
const { main } = await import(`${checkout}/dist/${program}.js`);
const code = await main(args);
if (typeof code === "number") process.exitCode = code;
