import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ConfigError, readFlags } from "../helper/config.ts";
import { npmPackList } from "../host/npm.ts";
import { hashFiles } from "../plugins/install/files.ts";
import { generateSigningKey, signatureFile, signFiles } from "../plugins/install/signature.ts";
import type { CommandContext } from "./context.ts";
import { onlyWord } from "./plugin-words.ts";

const defaultKey = "patchbay-signing.pem";

/** `patchbay plugin keygen [--key FILE]`: makes a key to sign plugins with. Needs no panel. */
export async function makeSigningKey({ json, words }: CommandContext): Promise<number> {
  const { flags, words: rest } = readFlags(words, ["key"]);
  if (rest.length > 0) throw new ConfigError(`unexpected ${rest[0]}`);
  const file = resolve(flags.get("key") ?? defaultKey);
  if (existsSync(file)) throw new Error(`${file} is there already: a key that was used must not get lost`);
  const key = generateSigningKey();
  writeFileSync(file, key.private, { mode: 0o600, flag: "wx" });
  const text = `private key in ${file}: keep it, and keep it secret\npublic key  ${key.public}`;
  process.stdout.write(`${json ? JSON.stringify({ file, key: key.public }) : text}\n`);
  return 0;
}

/** `patchbay plugin sign <folder> [--key FILE]`: signs what npm would pack of a plugin. Needs no panel. */
export async function signPlugin({ json, words }: CommandContext): Promise<number> {
  const { flags, words: rest } = readFlags(words, ["key"]);
  const folder = resolve(onlyWord(rest, "the folder of a plugin"));
  const keyFile = resolve(flags.get("key") ?? defaultKey);
  if (!existsSync(join(folder, "package.json"))) throw new Error(`${folder} has no package.json`);
  if (!existsSync(keyFile)) throw new Error(`there is no key in ${keyFile}; make one with: patchbay plugin keygen`);
  // It must be there for npm to list it.
  const target = join(folder, signatureFile);
  if (!existsSync(target)) writeFileSync(target, "{}\n");
  const packed = await npmPackList(folder);
  if (!packed.includes(signatureFile)) {
    throw new Error(`npm would leave the signature out: add "${signatureFile}" to "files" in package.json`);
  }
  const paths = packed.filter((path) => path !== signatureFile);
  const text = signFiles(await hashFiles(folder, paths), readFileSync(keyFile, "utf8"));
  writeFileSync(target, text);
  const { key } = JSON.parse(text) as { key: string };
  process.stdout.write(
    `${json ? JSON.stringify({ key, files: paths.length }) : `signed ${paths.length} files with ${key}`}\n`,
  );
  return 0;
}
