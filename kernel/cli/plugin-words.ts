import { ConfigError } from "../helper/config.ts";

/** The one word an action takes. Throws ConfigError when there is none, or more. */
export function onlyWord(words: readonly string[], what: string): string {
  const [word, ...more] = words;
  if (word === undefined || more.length > 0) throw new ConfigError(`it takes ${what}`);
  return word;
}
