import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

const isRoot = process.getuid?.() === 0;

/**
 * The panel to test with: the package `@patchbay/kernel` that is found from a folder, as Node would look for it. In a checkout
 * of the panel that is the checkout itself, once it is built. Throws when there is none, or when it could not be run from there.
 */
export function findKernel(from: string): string {
  const root = search(from);
  // Run as root the panel gives up its rights, and its users must reach its files.
  const closed = isRoot ? firstClosed(root) : undefined;
  if (closed === undefined) return root;
  throw new Error(`as root the panel runs as users of its own, who cannot pass through ${closed}; chmod o+x it`);
}

function search(from: string): string {
  for (let dir = from; ; dir = dirname(dir)) {
    const found = join(dir, "node_modules/@patchbay/kernel");
    if (existsSync(join(found, "package.json"))) return builtIn(realpathSync(found));
    if (dir === dirname(dir)) throw new Error(`there is no @patchbay/kernel in ${from} nor above: npm install it`);
  }
}

function builtIn(folder: string): string {
  for (const root of [folder, dirname(folder)]) if (existsSync(join(root, "dist/helper/main.js"))) return root;
  throw new Error(`${folder} is not built`);
}

function firstClosed(folder: string): string | undefined {
  for (let dir = folder; dir !== dirname(dir); dir = dirname(dir)) if ((statSync(dir).mode & 0o001) === 0) return dir;
  return undefined;
}
