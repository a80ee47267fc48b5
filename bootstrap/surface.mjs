import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { readPackage, root, say } from "./checkout.mjs";
import { sdkEntries } from "./packages.mjs";
import { emitTypes } from "./types.mjs";

const header =
  "// What this entry of @patchbay/sdk declares, without comments. Written by `npm run gen`; see ../CHANGES.md.\n";

/** Declarations a declaration refers to, by their place in the SDK. */
function references(name, text) {
  const found = text.matchAll(/(?:from |import\()"(\.{1,2}\/[^"]+)\.ts"/g);
  return [...found].map(([, path]) => posix.join(posix.dirname(name), `${path}.d.ts`));
}

/** A declaration and all it refers to. `seen` is left out. */
function closure(folder, entry, seen = new Set()) {
  const texts = new Map();
  const open = [entry];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name) || texts.has(name)) continue;
    const text = readFileSync(join(folder, name), "utf8");
    texts.set(name, text);
    open.push(...references(name, text));
  }
  return texts;
}

const toSnapshot = (texts, { valibot }) =>
  `${header}// valibot ${valibot}\n${[...texts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, text]) => `\n// ${name}\n${text.trim()}\n`)
    .join("")}`;

const toTypes = (source) => source.replace(/^sdk\//, "").replace(/\.ts$/, ".d.ts");

/** `[name, text]` of the declarations in `folder` that belong to the surface: those of one entry, or of all. */
export function publicTypes(folder, entry) {
  const entries = entry === undefined ? Object.values(sdkEntries).map(toTypes) : [entry];
  return [...new Map(entries.flatMap((name) => [...closure(folder, name)]))];
}

/**
 * The public surface of the SDK as text: file name → declarations of one entry, those it refers to among them. What the
 * main entry declares is not repeated in the others. Comments are left out: only what compiles is the surface.
 */
export async function readSurface(base = root) {
  const fresh = join(base, `.dist-${process.pid}-surface`);
  try {
    await emitTypes(base, fresh, { comments: false });
    const folder = join(fresh, "sdk");
    const versions = readPackage("sdk", base).peerDependencies;
    const main = closure(folder, toTypes(sdkEntries["."]));
    const files = Object.entries(sdkEntries).map(([entry, source]) => {
      const texts = entry === "." ? main : closure(folder, toTypes(source), new Set(main.keys()));
      return [`${entry === "." ? "index" : entry.slice(2)}.gen.d.ts`, toSnapshot(texts, versions)];
    });
    return new Map(files.sort(([a], [b]) => (a < b ? -1 : 1)));
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** The surface that is committed. */
export function committedSurface(base = root) {
  const folder = join(base, "sdk/api");
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

/** What a change note names a surface by. */
export function surfaceDigest(files) {
  const hash = createHash("sha256");
  for (const [name, text] of files) hash.update(`${name} ${Buffer.byteLength(text)}\n${text}`);
  return hash.digest("hex");
}

/** Newest entry of sdk/CHANGES.md: `## 1.1.0 (surface <sha256>)`. Undefined when its heading is not of this form. */
export function newestNote(base = root) {
  const heading = /^## .*$/m.exec(readFileSync(join(base, "sdk/CHANGES.md"), "utf8"))?.[0] ?? "";
  const [, version, surface] = /^## (\d+\.\d+\.\d+) \(surface ([0-9a-f]{64})\)$/.exec(heading) ?? [];
  return version === undefined ? undefined : { version, surface };
}

/** Brings sdk/api up to date, never the change note. With `check` it only says whether it is stale. Returns an exit code. */
export async function genSurface({ check = false } = {}) {
  const [wanted, present] = [await readSurface(), committedSurface()];
  const stale = [...wanted].filter(([name, text]) => present.get(name) !== text).map(([name]) => name);
  const gone = [...present.keys()].filter((name) => !wanted.has(name));
  if (check) {
    for (const name of [...stale, ...gone]) say(`sdk/api/${name} is stale: npm run gen`);
    return stale.length + gone.length === 0 ? 0 : 1;
  }
  for (const name of stale) {
    const file = join(root, "sdk/api", name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, wanted.get(name));
  }
  for (const name of gone) rmSync(join(root, "sdk/api", name));
  const digest = surfaceDigest(wanted);
  if (newestNote()?.surface !== digest) {
    say(`sdk/CHANGES.md does not tell of this surface: its newest entry must end with (surface ${digest})`);
  }
  return 0;
}
