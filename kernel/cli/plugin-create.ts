import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { SDK_VERSION } from "@patchbay/sdk";
import { ConfigError, readFlags } from "../helper/config.ts";
import { apiTemplate } from "./templates/api.ts";
import { dnsTemplate } from "./templates/dns.ts";
import { emptyTemplate } from "./templates/empty.ts";
import { type PackageSources, projectFiles } from "./templates/project.ts";
import type { Template } from "./templates/template.ts";
import { webTemplate } from "./templates/web.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Slots with a suite in the SDK that a backend can be chosen for. */
const slotTemplates: Readonly<Record<string, Template>> = { dns: dnsTemplate, web: webTemplate };

const usage = `patchbay plugin create <name> (--slot ${Object.keys(slotTemplates).join("|")} | --api | --empty) [--dir DIR]
  [--sdk FILE] [--kernel FILE]   tarballs to install instead of the published packages`;

/** `patchbay plugin create`, given the words that follow: writes the folder of a new plugin. Needs no instance. */
export async function createPlugin(argv: readonly string[]): Promise<number> {
  const { flags, words: names } = readFlags(argv, ["slot", "dir", "sdk", "kernel"], ["api", "empty"]);
  const [id, ...more] = names;
  if (id === undefined || more.length > 0) throw new ConfigError(usage);
  if (!/^[a-z][a-z0-9-]{1,40}$/.test(id)) {
    throw new ConfigError("a plugin's name is 2 to 41 small letters, digits and hyphens, a letter first");
  }
  const template = chosenTemplate(flags);
  const folder = resolve(flags.get("dir") ?? id);
  if (existsSync(folder) && readdirSync(folder).length > 0) throw new ConfigError(`${folder} is not empty`);
  const sources = { sdk: sourceOf(flags.get("sdk"), folder), kernel: sourceOf(flags.get("kernel"), folder) };
  write(folder, projectFiles({ id, title: titleOf(id) }, template, { ...sources, ...versions() }));
  process.stdout.write(`${relative(process.cwd(), folder) || "."} is written. Next:
  cd ${relative(process.cwd(), folder) || "."} && npm install && npm test && npm run lint
`);
  return 0;
}

function chosenTemplate(flags: ReadonlyMap<string, string>): Template {
  if (["slot", "api", "empty"].filter((kind) => flags.has(kind)).length !== 1) throw new ConfigError(usage);
  const slot = flags.get("slot");
  if (slot === undefined) return flags.has("api") ? apiTemplate : emptyTemplate;
  const template = Object.hasOwn(slotTemplates, slot) ? slotTemplates[slot] : undefined;
  if (template) return template;
  const known = Object.keys(slotTemplates).join(", ");
  throw new ConfigError(`no backend can be chosen and tested for the slot ${slot}; slots that have a suite: ${known}`);
}

/** npm takes a tarball relative to the package, so that the folder can be moved together with it. */
function sourceOf(file: string | undefined, folder: string): string | undefined {
  if (file === undefined) return undefined;
  if (!existsSync(file)) throw new ConfigError(`there is no ${file}`);
  return `file:${relative(folder, resolve(file))}`;
}

function versions(): Pick<PackageSources, "sdkVersion" | "kernelVersion"> {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  return { sdkVersion: SDK_VERSION, kernelVersion: version };
}

function titleOf(id: string): string {
  const words = id.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}
