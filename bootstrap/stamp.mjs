import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listPlugins, readPackage, root } from "./checkout.mjs";

const dependencyKeys = ["name", "bin", "dependencies", "optionalDependencies", "devDependencies", "peerDependencies"];

function isSource(name) {
  if (name === "package.json") return true;
  return /\.(ts|mjs|css|html|sql)$/.test(name) && !name.endsWith(".test.ts");
}

function* walk(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== "node_modules") yield* walk(path);
    else if (entry.isFile() && isSource(entry.name)) yield path;
  }
}

/** The Node that native modules are compiled for. */
export const nativeTarget = `${process.platform}-${process.arch}-${process.versions.modules}`;

/**
 * What the installed dependencies were installed for: the native target, then a hash of the lock file and of what each
 * workspace depends on. A plugin's manifest is left out, so editing it costs no installation.
 */
export function dependencyStamp(base = root) {
  const hash = createHash("sha256");
  hash.update(readFileSync(join(base, "package-lock.json")));
  const folders = [".", "sdk", "kernel", ...listPlugins(base).map((id) => join("plugins", id))];
  for (const folder of folders) {
    if (!existsSync(join(base, folder, "package.json"))) continue;
    const manifest = readPackage(folder, base);
    hash.update(`${folder} ${JSON.stringify(dependencyKeys.map((key) => manifest[key] ?? null))}\n`);
  }
  return `${nativeTarget} ${hash.digest("hex")}`;
}

function listSources(base) {
  const own = ["bootstrap/build.mjs", "bootstrap/packages.mjs", "bootstrap/node-version.mjs", "bin/package.mjs"];
  const files = [...own, "package.json", "package-lock.json"].map((name) => join(base, name)).filter(existsSync);
  for (const folder of ["sdk", "kernel", "plugins", "test/bench"]) {
    if (existsSync(join(base, folder))) files.push(...walk(join(base, folder)));
  }
  return files;
}

/** What `dist/` was built from. By content: a checkout of another branch and back changes times, not contents. */
export function sourceStamp(base = root) {
  const hash = createHash("sha256");
  for (const file of listSources(base)) {
    const content = readFileSync(file);
    hash.update(`${file.slice(base.length)} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

/**
 * What the sources look like from outside: names, sizes, times. As long as it is the same nothing was written to them, and
 * nobody has to read them all at every start.
 */
export function sourceLook(base = root) {
  const hash = createHash("sha256");
  for (const file of listSources(base)) {
    const { size, mtimeNs, ctimeNs, ino } = statSync(file, { bigint: true });
    hash.update(`${file.slice(base.length)} ${size} ${mtimeNs} ${ctimeNs} ${ino}\n`);
  }
  return hash.digest("hex");
}

/** The stamp in a file, or an empty text. */
export function readStamp(file) {
  return existsSync(file) ? readFileSync(file, "utf8").trim() : "";
}

/** Written last and by rename, so that an interrupted step is repeated. */
export function writeStamp(file, stamp) {
  writeFileSync(`${file}.${process.pid}`, `${stamp}\n`);
  renameSync(`${file}.${process.pid}`, file);
}
