import { chmodSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkout as tested } from "../harness/checkout.ts";

export interface ScratchPlugin {
  readonly id: string;
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Statements of its module. `v` is valibot; `sdk` is what the panel itself uses. */
  readonly code: string;
}

/** Puts plugins beside the bundled ones of a copied checkout, as if they had been built with it. */
export function addPlugins(checkout: string, plugins: readonly ScratchPlugin[]): void {
  cpSync(join(tested, "node_modules/valibot"), join(checkout, "node_modules/valibot"), {
    recursive: true,
    dereference: true,
  });
  for (const { id, manifest, code } of plugins) {
    const patchbay = { id, title: id, sdk: "^1.0.0", ...manifest };
    write(join(checkout, "plugins", id), "package.json", JSON.stringify({ name: id, version: "1.0.0", patchbay }));
    const head = 'import * as v from "valibot";\nimport * as sdk from "../../sdk/index.js";\n';
    write(join(checkout, "dist/plugins", id), "index.js", `${head}${code}`);
  }
}

/** A query of admins without input. `handle` is the source of a function. */
export function query(id: string, handle: string): string {
  return `sdk.defineQuery({
    id: "${id}", summary: "${id}", rate: "standard", access: { callers: ["admin"] },
    input: v.strictObject({}), output: v.any(), handle: ${handle},
  })`;
}

/** A plugin with these operations and whatever else is said with \`to\`. */
export function contributing(operations: readonly string[], more = ""): string {
  return `export default sdk.definePlugin((to) => {
    for (const operation of [${operations.join(",")}]) to.operation(operation);
    ${more}
  });`;
}

function write(folder: string, name: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, name), text, { mode: 0o644 });
}
