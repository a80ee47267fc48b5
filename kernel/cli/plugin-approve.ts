import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, readFlags } from "../helper/config.ts";
import { ensureDirectory, writeDurable } from "../helper/durable.ts";
import { approvedFolder, grantsDigest } from "../helper/plugin-admit.ts";
import type { AskedManifest } from "../helper/plugin-rules.ts";
import { toAsksAnswer } from "../plugins/install/answer.ts";
import { asksOf } from "../plugins/install/asks.ts";
import { readManifest } from "../plugins/manifest.ts";
import { connect, runningInstance } from "./client.ts";
import type { CommandContext } from "./context.ts";
import { confirm, toAsksText } from "./plugin-asks.ts";
import { onlyWord } from "./plugin-words.ts";
import { report } from "./print.ts";

const pluginId = /^[a-z][a-z0-9-]{1,40}$/;
const longestManifest = 256 * 1024;

/**
 * `patchbay plugin approve <id> [--trust-signer] [--as-root] [--yes]`: says yes to what a plugin asks for. `--as-root` gives what
 * only root may give: it is written where the panel cannot write, and needs no running panel.
 */
export async function approvePlugin({ data, json, words }: CommandContext): Promise<number> {
  const { flags, words: rest } = readFlags(words, ["id"], ["as-root", "trust-signer", "yes"]);
  const id = flags.get("id") ?? onlyWord(rest, "the id of a plugin");
  if (!pluginId.test(id)) throw new ConfigError("that is no id of a plugin");
  if (flags.has("as-root") && !(await approveAsRoot(data, id, flags.has("yes")))) {
    process.stderr.write("not approved\n");
    return 1;
  }
  if (flags.has("as-root") && !runningInstance(data)) {
    process.stdout.write(`root has approved ${id}; when the panel runs: patchbay plugin approve ${id}\n`);
    return 0;
  }
  const input = { id, trust_signer: flags.has("trust-signer") };
  return report(await connect(data).call("POST", "/api/plugins/approve", input), json);
}

/** What is shown here is what is approved: the digest is made of the very text that was read. */
async function approveAsRoot(data: string, id: string, yes: boolean): Promise<boolean> {
  const helper = join(data, "helper");
  if (process.getuid?.() !== statSync(helper).uid) throw new Error("only the user who runs the instance may do this");
  const found = readWaiting(join(data, "plugins"), id);
  const { manifest, version } = found;
  const asked: AskedManifest = { id, packages: manifest.packages, grants: manifest.grants };
  const asks = toAsksAnswer(asksOf(manifest, null), manifest, []);
  process.stdout.write(toAsksText({ id, title: manifest.title, version, asks }));
  if (!yes && !(await confirm("Give it this as root?"))) return false;
  ensureDirectory(join(helper, approvedFolder), 0o700, undefined);
  writeDurable(join(helper, approvedFolder, `${id}.json`), JSON.stringify({ digest: grantsDigest(asked) }));
  return true;
}

/** The version that waits for approval, else the one that is there. Its folder is the panel's: nothing in it is trusted. */
function readWaiting(plugins: string, id: string) {
  for (const folder of [`${id}.new`, id]) {
    for (const dir of packageFolders(join(plugins, folder, "node_modules"))) {
      const found = readManifest(readSmall(join(dir, "package.json")), dir);
      if (typeof found !== "string" && found.manifest.id === id) return found;
    }
  }
  throw new Error(`the plugin ${id} is not installed`);
}

function packageFolders(modules: string): string[] {
  return names(modules).flatMap((name) =>
    name.startsWith("@")
      ? names(join(modules, name)).map((below) => join(modules, name, below))
      : [join(modules, name)],
  );
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function readSmall(path: string): string {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return fstatSync(fd).size > longestManifest ? "" : readFileSync(fd, "utf8");
    } finally {
      closeSync(fd);
    }
  } catch {
    return "";
  }
}
