import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { listPlugins, readPackage, root } from "./checkout.mjs";

/** Public entries of `@patchbay/sdk`: name in `exports` → source. */
export const sdkEntries = {
  ".": "sdk/index.ts",
  "./conformance": "sdk/conformance/index.ts",
  "./privileged": "sdk/privileged.ts",
  "./testing": "sdk/testing/index.ts",
  "./valibot": "sdk/valibot.ts",
};

/** Modules the bundle of the kernel leaves in node_modules: native ones, and what only they or a driver load. */
const kernelDependencies = ["@node-rs/argon2", "pg-connection-string", "sqlite3"];
const kernelOptional = ["better-sqlite3"];

/** Plugins with a contract.ts: the contract of each is `@patchbay/kernel/contracts/<id>` for authors. */
export function listContracts(base = root) {
  return listPlugins(base).filter((id) => existsSync(join(base, "plugins", id, "contract.ts")));
}

const stem = (source) => source.replace(/^sdk\//, "").replace(/\.ts$/, "");

// An author's plugin finds the other contracts in the same package; the rest is the author's to install, or Node's.
const authorsView = {
  name: "authors-view",
  resolveId: {
    filter: { id: /^[^./\0]/ },
    handler: (id) => {
      const contract = /^@patchbay\/([a-z0-9-]+)\/contract$/.exec(id)?.[1];
      return { id: contract === undefined ? id : `@patchbay/kernel/contracts/${contract}`, external: true };
    },
  },
};

async function bundle(base, { input, folder, modules }) {
  const { build } = await import("rolldown");
  await build({
    cwd: base,
    input: Object.fromEntries(Object.entries(input).map(([name, source]) => [name, join(base, source)])),
    platform: "node",
    plugins: [authorsView],
    preserveEntrySignatures: "strict",
    logLevel: "warn",
    output: {
      dir: folder,
      format: "esm",
      entryFileNames: "[name].js",
      preserveModules: true,
      preserveModulesRoot: join(base, modules),
    },
  });
}

function writeJson(file, value) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

/** Version of a module as it is installed here, which is the one that was tested. */
function installedVersion(base, name) {
  return JSON.parse(readFileSync(join(base, "node_modules", name, "package.json"), "utf8")).version;
}

const pinned = (base, names) =>
  Object.fromEntries(
    names
      .filter((name) => existsSync(join(base, "node_modules", name)))
      .map((name) => [name, installedVersion(base, name)]),
  );

/**
 * package.json of the SDK as authors get it. They need no knex: it only gives `Db` its type, and plugins that run in a
 * process of their own never see a `Db`. vitest is for the conformance suites.
 */
function sdkManifest(base) {
  const { description, license, name, peerDependencies, version } = readPackage("sdk", base);
  const target = (source) => ({ types: `./${stem(source)}.d.ts`, default: `./${stem(source)}.js` });
  return {
    name,
    version,
    description,
    license,
    type: "module",
    engines: readPackage(".", base).engines,
    exports: {
      ...Object.fromEntries(Object.entries(sdkEntries).map(([entry, source]) => [entry, target(source)])),
      "./package.json": "./package.json",
    },
    dependencies: { valibot: peerDependencies.valibot },
    peerDependencies: { knex: peerDependencies.knex, vitest: installedVersion(base, "vitest") },
    peerDependenciesMeta: { knex: { optional: true }, vitest: { optional: true } },
  };
}

function kernelManifest(base) {
  const { description, license, name } = readPackage("kernel", base);
  const { engines, version } = readPackage(".", base);
  const sdk = readPackage("sdk", base);
  return {
    name,
    version,
    description,
    license,
    type: "module",
    engines,
    bin: { patchbay: "bin/patchbay.mjs" },
    exports: {
      "./contracts/*": { types: "./contracts/*/contract.d.ts", default: "./contracts/*/contract.js" },
      "./package.json": "./package.json",
    },
    dependencies: {
      [sdk.name]: sdk.version,
      valibot: sdk.peerDependencies.valibot,
      ...pinned(base, kernelDependencies),
    },
    optionalDependencies: pinned(base, kernelOptional),
  };
}

/**
 * Lets the contracts find the SDK beside them: what Node finds in a checkout's node_modules is its source. Where the packages
 * are installed npm puts them side by side, and the link is not packed.
 */
export function linkPackages(folder) {
  const link = join(folder, "kernel/node_modules/@patchbay/sdk");
  if (existsSync(link)) return;
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync("../../../sdk", link);
}

/**
 * Writes what plugins import of the panel into `folder`: the packages `sdk` and `kernel` as far as code needs them. Types,
 * and the panel itself, are added when the packages are packed.
 */
export async function buildPackages(base, folder) {
  const [sdk, kernel] = [join(folder, "sdk"), join(folder, "kernel")];
  const present = Object.values(sdkEntries).filter((source) => existsSync(join(base, source)));
  await bundle(base, {
    input: Object.fromEntries(present.map((source) => [stem(source), source])),
    folder: sdk,
    modules: "sdk",
  });
  const contracts = listContracts(base).map((id) => [`${id}/contract`, `plugins/${id}/contract.ts`]);
  if (contracts.length > 0) {
    const input = Object.fromEntries(contracts);
    await bundle(base, { input, folder: join(kernel, "contracts"), modules: "plugins" });
  }
  writeJson(join(sdk, "package.json"), sdkManifest(base));
  writeJson(join(kernel, "package.json"), kernelManifest(base));
  copy(join(base, "sdk/testing/run.mjs"), join(sdk, "testing/run.mjs"));
  copy(join(base, "bin/package.mjs"), join(kernel, "bin/patchbay.mjs"));
  copy(join(base, "bootstrap/node-version.mjs"), join(kernel, "bin/node-version.mjs"));
}
