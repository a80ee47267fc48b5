import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { replaceFolder } from "./build.mjs";
import { listPlugins, root, SetupError, say } from "./checkout.mjs";
import { buildPackages } from "./packages.mjs";
import { runOrStop } from "./run.mjs";
import { readStamp, sourceStamp, writeStamp } from "./stamp.mjs";
import { copyPanel, emitTypes, placeTypes } from "./types.mjs";

const target = join(root, "dist", "packages");
const stampFile = join(target, ".stamp");

/** Text that goes along: file of the checkout → its places in the packages. */
function documents() {
  return {
    "sdk/README.md": "sdk/README.md",
    "sdk/CHANGES.md": "sdk/CHANGES.md",
    "sdk/conformance/README.md": "sdk/conformance/README.md",
    LICENSE: ["sdk/LICENSE", "kernel/LICENSE"],
    "README.md": "kernel/README.md",
    ...Object.fromEntries(
      listPlugins().map((id) => [`plugins/${id}/package.json`, `kernel/plugins/${id}/package.json`]),
    ),
  };
}

function copyDocuments(folder) {
  for (const [from, places] of Object.entries(documents())) {
    for (const to of [places].flat()) {
      mkdirSync(dirname(join(folder, to)), { recursive: true });
      copyFileSync(join(root, from), join(folder, to));
    }
  }
}

async function npmPack(folder) {
  const args = ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder];
  const packages = ["sdk", "kernel"].map((name) => join(folder, name));
  if ((await runOrStop("npm", [...args, ...packages])) !== 0) throw new SetupError("npm pack failed");
}

async function write(fresh) {
  const [folder, types] = [join(fresh, "packages"), join(fresh, "types")];
  await buildPackages(root, folder);
  await emitTypes(root, types, { comments: true });
  placeTypes(types, folder);
  copyPanel(root, join(folder, "kernel/dist"));
  copyDocuments(folder);
  await npmPack(folder);
  replaceFolder(folder, target);
}

/** What the packages are made of: the sources, and the documents, of which the bundle holds nothing. */
function packStamp() {
  const hash = createHash("sha256").update(sourceStamp());
  for (const name of [...Object.keys(documents()), "bootstrap/pack.mjs", "bootstrap/types.mjs"]) {
    hash.update(readFileSync(join(root, name)));
  }
  return hash.digest("hex");
}

/**
 * Writes the packages that authors and servers install, complete, to `dist/packages/{sdk,kernel}` and as tarballs beside
 * them. Returns at once when they are of the sources there are. The bundle must be built.
 */
export async function packPackages() {
  const stamp = packStamp();
  if (readStamp(stampFile) === stamp) return;
  // In the checkout, because the compiler looks for node_modules from there.
  const fresh = join(root, `.dist-${process.pid}-pack`);
  const started = Date.now();
  try {
    await write(fresh);
  } finally {
    if (existsSync(fresh)) rmSync(fresh, { recursive: true, force: true });
  }
  writeStamp(stampFile, stamp);
  say(`packed to ${relative(process.cwd(), target) || "."} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}
