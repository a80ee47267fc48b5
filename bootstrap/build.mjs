import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { listPlugins, root } from "./checkout.mjs";
import { buildPackages, linkPackages } from "./packages.mjs";

/** Run on being loaded, each in a process of its own. */
const programs = {
  "kernel/main": "kernel/main.ts",
  "helper/tenant": "kernel/helper/tenant.ts",
  "isolation/guest": "kernel/isolation/guest.ts",
};

/** Export `main(argv)`. */
const commands = {
  "helper/main": "kernel/helper/entry.ts",
  "cli/main": "kernel/cli/main.ts",
  "cli/gen": "kernel/cli/gen.ts",
  "bench/main": "test/bench/main.ts",
};

const libraries = { "sdk/index": "sdk/index.ts", "sdk/privileged": "sdk/privileged.ts" };

/** Worker threads: loaded by `new URL("./name.mjs", import.meta.url)` from a module of the same folder. */
const workers = ["kernel/auth/hash-worker.mjs"];

// Native modules stay in node_modules; the other database drivers knex knows are not installed at all.
const external = [
  /^sqlite3$/,
  /^better-sqlite3$/,
  /^@node-rs\/argon2/,
  /^(pg|pg-.*|mysql|mysql2|oracledb|tedious|mariadb)(\/|$)/,
];

// listhen imports it at once and needs it only to make certificates, which the panel does not leave to it: loading it
// would be a tenth of the kernel's start.
const lazyForge = {
  name: "lazy-forge",
  resolveId: { filter: { id: /^node-forge$/ }, handler: () => "\0lazy-forge" },
  load: {
    filter: { id: /^\0lazy-forge$/ },
    handler: () => `import { createRequire } from "node:module";
const load = createRequire(import.meta.url);
export default new Proxy({}, { get: (_nothing, name) => load("node-forge")[name] });`,
  },
};

function listEntries(base) {
  const entries = { ...programs, ...commands, ...libraries };
  for (const id of listPlugins(base)) {
    for (const file of ["index", "contract"]) entries[`plugins/${id}/${file}`] = `plugins/${id}/${file}.ts`;
  }
  const present = Object.entries(entries).filter(([, source]) => existsSync(join(base, source)));
  return Object.fromEntries(present.map(([name, source]) => [name, join(base, source)]));
}

// Importing a program would run it here, or wait for it for ever: a bundle that does so is refused.
function refuseImportedPrograms(chunks) {
  const names = new Set(Object.keys(programs).map((name) => `${name}.js`));
  for (const chunk of chunks) {
    const wrong = [...(chunk.imports ?? []), ...(chunk.dynamicImports ?? [])].find((name) => names.has(name));
    if (wrong !== undefined) throw new Error(`${chunk.fileName} imports the program ${wrong}`);
  }
}

// A worker must lie beside the bundle file its caller ended up in.
function copyWorkers(base, folder, chunks) {
  for (const worker of workers.filter((source) => existsSync(join(base, source)))) {
    const callers = chunks.filter((chunk) =>
      chunk.moduleIds?.some((id) => dirname(id) === join(base, dirname(worker))),
    );
    for (const place of new Set(["kernel", ...callers.map((chunk) => dirname(chunk.fileName))])) {
      mkdirSync(join(folder, place), { recursive: true });
      copyFileSync(join(base, worker), join(folder, place, basename(worker)));
    }
  }
}

async function bundle(base, folder) {
  const { build } = await import("rolldown");
  const { output } = await build({
    cwd: base,
    input: listEntries(base),
    platform: "node",
    external,
    plugins: [lazyForge],
    resolve: { conditionNames: ["source", "node", "import", "default"] },
    preserveEntrySignatures: "strict",
    logLevel: "warn",
    output: {
      dir: folder,
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: "chunks/[name]-[hash].js",
      comments: false,
    },
  });
  refuseImportedPrograms(output);
  copyWorkers(base, folder, output);
}

function* listFiles(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* listFiles(path);
    else if (entry.isFile()) yield path;
  }
}

function isSame(a, b) {
  return existsSync(b) && readFileSync(a).equals(readFileSync(b));
}

function removeEmptyFolders(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmptyFolders(join(folder, entry.name));
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

/**
 * Makes `target` what `fresh` is, which is used up. File by file and by rename: a panel that is running from this folder never
 * sees half a file, and unchanged files stay.
 */
export function replaceFolder(fresh, target) {
  const kept = new Set();
  const chunksFirst = [...listFiles(fresh)].sort(
    (a, b) => Number(b.includes("/chunks/")) - Number(a.includes("/chunks/")),
  );
  for (const path of chunksFirst) {
    const name = relative(fresh, path);
    kept.add(name);
    mkdirSync(dirname(join(target, name)), { recursive: true });
    if (!isSame(path, join(target, name))) renameSync(path, join(target, name));
  }
  for (const path of listFiles(target)) if (!kept.has(relative(target, path))) rmSync(path);
  removeEmptyFolders(target);
}

/** Bundles the checkout at `base` into its `dist/`. Throws what the bundler says; `dist/` is then what it was. */
export async function buildDist(base = root) {
  const fresh = join(base, `.dist-${process.pid}`);
  try {
    await bundle(base, fresh);
    await buildPackages(base, join(fresh, "packages"));
    replaceFolder(fresh, join(base, "dist"));
    linkPackages(join(base, "dist", "packages"));
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await buildDist();
  } catch (error) {
    // The bundler's message shows the place in the source; its stack shows only the bundler.
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
