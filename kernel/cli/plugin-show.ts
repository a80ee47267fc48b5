import { readFlags } from "../helper/config.ts";
import { connect, type Reply } from "./client.ts";
import type { CommandContext } from "./context.ts";
import { onlyWord } from "./plugin-words.ts";
import { report, toText } from "./print.ts";

interface ListedPlugin {
  readonly id: string;
  readonly title: string;
  readonly version: string;
  readonly source: string;
  readonly isolation: string;
  readonly state: string;
  readonly reason: string | null;
  readonly faults: unknown;
}

interface PluginFinding {
  readonly plugin: string;
  readonly level: "ok" | "warning" | "error";
  readonly what: string;
  /** Null: there is nothing to mend. */
  readonly mend: string | null;
}

/** `patchbay plugin list`. */
export async function showPlugins({ data, json, words }: CommandContext): Promise<number> {
  readFlags(words, []);
  return show(await connect(data).call("GET", "/api/plugins/list"), json, (plugins) =>
    toText(
      (plugins as ListedPlugin[]).map(({ id, version, source, isolation, state, reason }) => {
        return { id, version, source, runs: isolation === "process" ? "alone" : "in the panel", state, why: reason };
      }),
    ),
  );
}

/** `patchbay plugin info <id>`. */
export async function showPlugin({ data, json, words }: CommandContext): Promise<number> {
  const id = idOf(words);
  const reply = await connect(data).call("GET", "/api/plugins/info", { id });
  return show(reply, json, (plugin) => toLines(plugin as Record<string, unknown>).join("\n"));
}

/** `patchbay plugin doctor [<id>]`. Ends with 1 when something must be mended. */
export async function showPluginFindings({ data, json, words }: CommandContext): Promise<number> {
  const id = words.length === 0 ? undefined : idOf(words);
  const reply = await connect(data).call("GET", "/api/plugins/doctor", id === undefined ? {} : { id });
  const findings = reply.success ? (reply.data as PluginFinding[]) : [];
  const code = show(reply, json, () => findings.map(toFinding).join("\n") || "ok       nothing to say");
  return findings.some(({ level }) => level === "error") ? 1 : code;
}

function idOf(words: readonly string[]): string {
  const { flags, words: rest } = readFlags(words, ["id"]);
  return flags.get("id") ?? onlyWord(rest, "the id of a plugin");
}

function show(reply: Reply, json: boolean, text: (data: unknown) => string): number {
  if (json || !reply.success) return report(reply, json);
  process.stdout.write(`${text(reply.data)}\n`);
  return 0;
}

function toFinding({ plugin, level, what, mend }: PluginFinding): string {
  return `${level.padEnd(8)} ${plugin}: ${what}${mend === null ? "" : `\n${" ".repeat(9)}${mend}`}`;
}

/** Facts line by line; what is a list has its items below it. */
function toLines(record: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(record).flatMap(([key, value]) => {
    const title = key.replaceAll("_", " ");
    if (!isNested(value)) return [`${title}: ${plain(value)}`];
    const items = Array.isArray(value) ? value.map(plain) : toLines(value as Record<string, unknown>);
    return items.length === 0 ? [`${title}: none`] : [`${title}:`, ...items.map((item) => `  ${item}`)];
  });
}

function isNested(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function plain(value: unknown): string {
  if (value === null || value === undefined || value === "") return "-";
  if (Array.isArray(value)) return value.map(plain).join(" ");
  if (typeof value !== "object") return String(value);
  return Object.entries(value)
    .map(([key, one]) => `${key} ${plain(one)}`)
    .join(", ");
}
