import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { readFlags } from "../helper/config.ts";
import type { InstallAnswer } from "../plugins/install/answer.ts";
import { connect, type PanelClient } from "./client.ts";
import type { CommandContext } from "./context.ts";
import { confirm, toAsksText } from "./plugin-asks.ts";
import { onlyWord } from "./plugin-words.ts";
import { report } from "./print.ts";

/**
 * `patchbay plugin install <folder|tarball|name> [--yes] [--allow-unsigned]`: installs, shows what it asks for, and after a yes
 * approves and enables it.
 */
export async function installPlugin({ data, json, words }: CommandContext): Promise<number> {
  const { flags, words: rest } = readFlags(words, [], ["yes", "allow-unsigned"]);
  const word = onlyWord(rest, "a folder, a tarball or an npm name");
  const client = connect(data);
  const input = { source: sourceOf(word), allow_unsigned: flags.has("allow-unsigned") };
  const installed = await client.call("POST", "/api/plugins/install", input);
  if (!installed.success) return report(installed, json);
  const answer = installed.data as InstallAnswer;
  if (!json) process.stdout.write(toAsksText(answer));
  if (!answer.needs_approval) return end(answer, "is in use", json);
  const { id } = answer;
  if (answer.asks.root.length > 0) {
    process.stderr.write(`only root can approve this: patchbay plugin approve ${id} --as-root\n`);
    return 1;
  }
  if (!flags.has("yes") && !(await confirm(question(answer)))) {
    process.stderr.write(`not approved; nothing of it runs. Later: patchbay plugin approve ${id}\n`);
    return 1;
  }
  const approved = await client.call("POST", "/api/plugins/approve", { id, trust_signer: answer.signer !== null });
  if (!approved.success) return report(approved, json);
  return enable(client, answer, json);
}

/** A version that took the place of another runs when that one did; a new plugin is enabled. */
async function enable(client: PanelClient, answer: InstallAnswer, json: boolean): Promise<number> {
  if (answer.replaces !== null && answer.asks_for_more.length > 0) return end(answer, "is approved", json);
  const enabled = await client.call("POST", "/api/plugins/enable", { id: answer.id });
  return enabled.success ? end(answer, "is enabled", json) : report(enabled, json);
}

function end(answer: InstallAnswer, what: string, json: boolean): number {
  process.stdout.write(json ? `${JSON.stringify(answer)}\n` : `${answer.id} ${answer.version} ${what}\n`);
  return 0;
}

function question({ signer }: InstallAnswer): string {
  return signer !== null && !signer.trusted
    ? "Give it all this, and trust this key from now on?"
    : "Give it all this and enable it?";
}

/** The panel has another working directory than whoever calls. */
function sourceOf(word: string): string {
  return /^[./]/.test(word) || existsSync(word) ? resolve(word) : word;
}
