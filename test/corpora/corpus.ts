import { readFileSync } from "node:fs";

/** One adversarial or control input. See `meta.keys` of `payloads.json`. */
export interface CorpusItem {
  readonly id: string;
  readonly input?: unknown;
  readonly input_gen?: unknown;
  readonly verdict: "reject" | "accept-escaped";
  readonly canonical?: unknown;
  readonly why: string;
  /** State that must exist first: only the end-to-end tests can make it. */
  readonly given?: string;
  /** `{{..}}` in the input stands for something of the running server. */
  readonly substitute?: string;
  /** `input.__raw__` is the exact request body. */
  readonly raw?: boolean;
}

interface Corpus {
  readonly classes: Readonly<Record<string, { readonly items: readonly CorpusItem[] }>>;
}

const corpus = JSON.parse(readFileSync(new URL("./payloads.json", import.meta.url), "utf8")) as Corpus;

/** The items of one class. Throws when there is no such class, so that a misspelt name tests nothing loudly. */
export function corpusItems(name: string): readonly CorpusItem[] {
  const found = corpus.classes[name];
  if (!found) throw new Error(`the corpus has no class ${name}`);
  return found.items;
}

interface Repeat {
  readonly prefix: string;
  readonly unit: string;
  readonly times: number;
  readonly suffix: string;
}

/** The text of a `{prefix, unit, times, suffix}` recipe, or undefined when it is none. */
export function generated(recipe: unknown): string | undefined {
  if (typeof recipe !== "object" || recipe === null || !("unit" in recipe)) return undefined;
  const { prefix, unit, times, suffix } = recipe as Repeat;
  return prefix + unit.repeat(times) + suffix;
}

/** The value an item sends, or undefined when it needs a running server. */
export function corpusInput(item: CorpusItem): unknown {
  if (item.substitute !== undefined) return undefined;
  return item.input_gen === undefined ? item.input : generated(item.input_gen);
}
