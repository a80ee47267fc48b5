import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { SetupError } from "./checkout.mjs";
import { listContracts, sdkEntries } from "./packages.mjs";
import { runOrStop } from "./run.mjs";

/**
 * Emits the declarations of the SDK and of the plugins' contracts below `folder`, as `sdk/**` and `plugins/**`. `folder`
 * must lie in the checkout: the compiler looks for node_modules from there. Throws SetupError with what does not compile.
 */
export async function emitTypes(base, folder, { comments }) {
  const contracts = listContracts(base).map((id) => `plugins/${id}/contract.ts`);
  const sources = [...Object.values(sdkEntries), ...contracts];
  const config = {
    extends: join(base, "tsconfig.json"),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      removeComments: !comments,
      rootDir: base,
      outDir: folder,
      // What is found through node_modules is a library to the compiler, and nothing is emitted of it.
      paths: {
        "@patchbay/sdk": [join(base, "sdk/index.ts")],
        "@patchbay/*/contract": [join(base, "plugins/*/contract.ts")],
      },
    },
    include: [],
    files: sources.map((source) => join(base, source)),
  };
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "tsconfig.json");
  writeFileSync(file, JSON.stringify(config));
  const code = await runOrStop(process.execPath, [join(base, "node_modules/typescript/bin/tsc"), "-p", file]);
  rmSync(file);
  if (code !== 0) throw new SetupError("the types do not compile; the compiler's messages are above");
  const lost = sources.find((source) => !existsSync(join(folder, source.replace(/\.ts$/, ".d.ts"))));
  if (lost !== undefined) throw new SetupError(`the compiler emitted nothing of ${lost}`);
}

/** Every declaration below a folder, sorted. */
export function listTypes(folder) {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".d.ts"))
    .sort();
}

// Without it a compiler that checks libraries would ask every author for knex, which only gives `Db` its type.
const knexImport = /^import type \{[^}]*\} from "knex";$/m;

/** A declaration as authors get it: of JavaScript files, and of one package of contracts. */
function toAuthors(text) {
  return text
    .replace(/(["'])(\.{1,2}\/[^"'\n]*)\.ts\1/g, "$1$2.js$1")
    .replace(/@patchbay\/([a-z0-9-]+)\/contract(["'])/g, "@patchbay/kernel/contracts/$1$2")
    .replace(knexImport, "// @ts-ignore: knex is an optional peer. Without it `Db` is any.\n$&");
}

/** Puts emitted declarations beside the JavaScript of the packages in `folder`. */
export function placeTypes(types, folder) {
  const place = (from, to) => {
    for (const name of listTypes(from)) {
      const target = join(to, name);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, toAuthors(readFileSync(join(from, name), "utf8")));
    }
  };
  place(join(types, "sdk"), join(folder, "sdk"));
  place(join(types, "plugins"), join(folder, "kernel/contracts"));
}

/** Copies `dist/` without what only a checkout needs. */
export function copyPanel(base, target) {
  const left = ["packages", "bench", "cli/gen.js", ".stamp", ".look"];
  const isWanted = (path) => !left.includes(relative(join(base, "dist"), path));
  cpSync(join(base, "dist"), target, { recursive: true, filter: isWanted });
}
