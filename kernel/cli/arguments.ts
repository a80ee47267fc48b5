import { ConfigError } from "../helper/config.ts";
import type { GeneratedCommand } from "./client.ts";

/** Turns `--field value` words into the input of a generated command. Throws ConfigError with the rule that is broken. */
export function toInput(
  command: GeneratedCommand,
  words: readonly string[],
): { input: Record<string, unknown>; dryRun: boolean } {
  const input: Record<string, unknown> = {};
  let dryRun = false;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (!word.startsWith("--")) throw new ConfigError(`unexpected ${word}`);
    const [flag = "", inline] = word.slice(2).split(/=(.*)/s, 2);
    if (flag === "dry-run") {
      dryRun = true;
      continue;
    }
    const field = command.fields.find((known) => known.name === flag.replaceAll("-", "_"));
    if (!field) throw new ConfigError(`unknown flag --${flag}; it takes ${usageOf(command)}`);
    const text = inline ?? words[(index += 1)];
    if (text === undefined) throw new ConfigError(`--${flag} needs a value`);
    input[field.name] = convert(text, field.type, flag);
  }
  const missing = command.fields.filter((field) => field.required && !(field.name in input));
  // A user's own account is filled in by the panel, so only the panel knows whether a field is really missing.
  if (missing.length > 0 && command.method !== "GET") {
    throw new ConfigError(`missing ${missing.map((field) => `--${field.name.replaceAll("_", "-")}`).join(", ")}`);
  }
  return { input, dryRun };
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
  return text;
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
