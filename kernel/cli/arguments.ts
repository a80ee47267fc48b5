import { readFileSync } from "node:fs";
import { ConfigError, readFlags } from "../helper/config.ts";
import type { CommandField, GeneratedCommand } from "./client.ts";

/** Turns `--field value` words into the input of a generated command. Throws ConfigError with the rule that is broken. */
export function toInput(
  command: GeneratedCommand,
  words: readonly string[],
): { input: Record<string, unknown>; dryRun: boolean; wait: boolean } {
  const input: Record<string, unknown> = {};
  const spellings = (field: CommandField) => [field.name, field.name.replaceAll("_", "-")];
  const byFlag = new Map(command.fields.flatMap((field) => spellings(field).map((flag) => [flag, field] as const)));
  const { flags, words: unexpected } = readFlags(words, [...byFlag.keys()], ["dry-run", "no-wait"]);
  if (unexpected.length > 0) throw new ConfigError(`unexpected ${unexpected[0]}; it takes ${usageOf(command)}`);
  for (const [flag, text] of flags) {
    const field = byFlag.get(flag);
    if (field) input[field.name] = convert(text, field.type, flag);
  }
  const missing = command.fields.filter((field) => field.required && !(field.name in input));
  // A user's own account is filled in by the panel, so only the panel knows whether a field is really missing.
  if (missing.length > 0 && command.method !== "GET") {
    throw new ConfigError(`missing ${missing.map((field) => `--${field.name.replaceAll("_", "-")}`).join(", ")}`);
  }
  return { input, dryRun: flags.has("dry-run"), wait: !flags.has("no-wait") };
}

function convert(text: string, type: string, flag: string): unknown {
  if (type === "integer" || type === "number") {
    const number = Number(text);
    if (text.trim() === "" || !Number.isFinite(number)) throw new ConfigError(`--${flag} must be a number`);
    return number;
  }
  if (type === "boolean") {
    if (text === "true" || text === "1") return true;
    if (text === "false" || text === "0") return false;
    throw new ConfigError(`--${flag} must be true or false`);
  }
  if (type === "array") return text === "" ? [] : text.split(",");
  if (type === "object") return toObject(text, flag);
  return text;
}

/** `@FILE` reads the file: what is secret in it stays out of the list of processes. */
function toObject(text: string, flag: string): unknown {
  const json = text.startsWith("@") ? readFileSync(text.slice(1), "utf8") : text;
  try {
    return JSON.parse(json);
  } catch {
    throw new ConfigError(`--${flag} must be JSON, or @ and the name of a file that holds it`);
  }
}

/** `--id <integer> [--reason <string>]` */
export function usageOf(command: GeneratedCommand): string {
  return command.fields
    .map((field) => {
      const word = `--${field.name.replaceAll("_", "-")} <${field.type}>`;
      return field.required ? word : `[${word}]`;
    })
    .join(" ");
}
