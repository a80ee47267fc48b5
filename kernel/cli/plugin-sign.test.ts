import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { hashFiles } from "../plugins/install/files.ts";
import { checkSignature, signatureFile } from "../plugins/install/signature.ts";
import { writePlugin } from "../plugins/install/testing/plugin-folder.ts";
import { pluginCommand } from "./plugin.ts";

let dir: string;
let printed: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-sign-"));
  chmodSync(dir, 0o755);
  printed = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true });
});

/** Without a panel: whatever asks for one fails. */
const plugin = (...words: string[]) =>
  pluginCommand({ data: join(dir, "no-panel"), json: true, words, argv: words }, async () => {
    throw new Error("it asked the panel");
  });
const key = () => join(dir, "key.pem");

it("makes a key that only its owner can read, and never over another", async () => {
  await plugin("keygen", "--key", key());
  expect(JSON.parse(printed)).toEqual({ file: key(), key: expect.stringMatching(/^ed25519:[\w-]{43}$/) });
  expect([statSync(key()).mode & 0o777, printed.includes("PRIVATE")]).toEqual([0o600, false]);
  await expect(plugin("keygen", "--key", key())).rejects.toThrow("is there already");
});

it("signs exactly what npm packs, so that the signature is in the package too", async () => {
  const folder = writePlugin(join(dir, "notes"), {
    package: { files: ["index.js", "lib", signatureFile] },
    files: { "lib/a.js": "", "secret.txt": "", "README.md": "" },
  });
  await plugin("keygen", "--key", key());
  const { key: name } = JSON.parse(printed) as { key: string };
  printed = "";
  await plugin("sign", folder, "--key", key());
  expect(JSON.parse(printed)).toEqual({ key: name, files: 4 });
  const packed = ["index.js", "lib/a.js", "package.json", "README.md"];
  const text = readFileSync(join(folder, signatureFile), "utf8");
  expect(checkSignature(text, await hashFiles(folder, packed))).toEqual({ key: name });
  writeFileSync(join(folder, "lib/a.js"), "// other");
  expect(checkSignature(text, await hashFiles(folder, packed))).toHaveProperty("problems");
  await plugin("sign", folder, "--key", key());
});

it("says what is missing", async () => {
  const folder = writePlugin(join(dir, "notes"), { package: { files: ["index.js"] } });
  await expect(plugin("sign", folder, "--key", key())).rejects.toThrow("patchbay plugin keygen");
  await plugin("keygen", "--key", key());
  await expect(plugin("sign", folder, "--key", key())).rejects.toThrow(`add "${signatureFile}" to "files"`);
  await expect(plugin("sign", dir, "--key", key())).rejects.toThrow("no package.json");
  await expect(plugin("sign", "--key", key())).rejects.toThrow("the folder of a plugin");
  await expect(plugin("sign", folder, "--kay", key())).rejects.toThrow("unknown flag --kay");
});

it("hands what the panel does on to it, with the id as a word or as a flag", async () => {
  const asked: string[][] = [];
  const operation = async (resource: string, { words }: { readonly words: readonly string[] }) => {
    asked.push([resource, ...words]);
    return 0;
  };
  for (const words of [
    ["enable", "notes"],
    ["remove", "--id", "notes"],
    ["save-settings", "--id", "notes"],
  ]) {
    await pluginCommand({ data: dir, json: false, words, argv: words }, operation);
  }
  expect(asked).toEqual([
    ["plugins", "enable", "--id", "notes"],
    ["plugins", "remove", "--id", "notes"],
    ["plugins", "save-settings", "--id", "notes"],
  ]);
});
