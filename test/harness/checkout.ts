import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The built checkout that is tested. */
export const checkout = process.env["PATCHBAY_TEST_CHECKOUT"] ?? resolve(import.meta.dirname, "../..");

/** Packages the bundle does not hold. */
const outside = ["sqlite3", "bindings", "file-uri-to-path", "@node-rs", "pg-connection-string"];

/** Copies what a built panel needs to a folder that every user of the machine may read. The checkout may not be one. */
export function copyCheckout(target: string): string {
  const wanted = ["package.json", "dist", ...outside.map((name) => join("node_modules", name))];
  const plugins = readdirSync(join(checkout, "plugins")).map((name) => join("plugins", name, "package.json"));
  for (const path of [...wanted, ...plugins].filter((name) => existsSync(join(checkout, name)))) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    cpSync(join(checkout, path), join(target, path), { recursive: true, dereference: true, filter: isNeeded });
  }
  cpSync(join(import.meta.dirname, "../../sdk/testing/run.mjs"), join(target, "run.mjs"));
  open(target);
  return target;
}

/** Neither sources nor leftovers of the compiler. */
function isNeeded(path: string): boolean {
  return !/node_modules\/sqlite3\/(?:deps|src)$|\/obj(?:\.target)?$|\.a$/.test(path);
}

function open(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) open(path);
    else chmodSync(path, 0o644);
  }
}
