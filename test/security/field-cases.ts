import { type CorpusItem, corpusInput, corpusItems } from "../corpora/corpus.ts";
import { hostileIncludes, hostileTexts } from "./hostile.ts";

/** One value for one field, and what must become of it. */
export interface FieldCase {
  readonly id: string;
  readonly value: unknown;
  /** `any`: answered without a 5xx and without an effect, whether it names something or not. */
  readonly verdict: "reject" | "accept" | "any";
  /** What must be stored. */
  readonly canonical?: unknown;
  /** Other fields of the input, where the verdict holds for this value beside those. */
  readonly beside?: Readonly<Record<string, unknown>>;
}

/** What is sent to a field, and how a refusal looks. */
export interface FieldPlan {
  readonly cases: readonly FieldCase[];
  /** `field`: 400 that names the field. `refused`: any refusal, because the field is looked up or compared. */
  readonly refusal: "field" | "refused";
}

interface ClassOptions {
  /** What the field gets of an item; undefined when the item is not for this field. */
  readonly pick?: (input: unknown) => unknown;
  /** Items that this field documents another answer for, by id. */
  readonly instead?: Readonly<Record<string, FieldCase["verdict"]>>;
  /** The stored form of an accepted value that has no `canonical` in the corpus. */
  readonly canonical?: (value: unknown) => unknown;
}

/** The items of a class of the corpus that need no state. */
export function fromClass(name: string, options: ClassOptions = {}): FieldCase[] {
  return corpusItems(name).flatMap((item) => {
    if (item.given !== undefined && item.given !== "chpasswd input") return [];
    // The name is put in where the value is sent: it is another one in every operation.
    const input = item.substitute === "username" ? item.input : corpusInput(item);
    const value = options.pick ? options.pick(input) : input;
    if (value === undefined) return [];
    return [toCase(item, value, options)];
  });
}

function toCase(item: CorpusItem, value: unknown, { instead, canonical }: ClassOptions): FieldCase {
  const verdict = instead?.[item.id] ?? (item.verdict === "reject" ? "reject" : "accept");
  return { id: item.id, value, verdict, canonical: item.canonical ?? (canonical ? canonical(value) : value) };
}

/** Items of `vhost_field` for one of its fields. */
export const ofField = (name: string) => (input: unknown) => {
  const { field, value } = input as { field: string; value: unknown };
  return field === name ? value : undefined;
};

/** The generic strings, with one answer for all, or the one that text for people has. */
export function hostile(verdict: FieldCase["verdict"] | "text"): FieldCase[] {
  return hostileTexts.map(({ id, input, asText }) => ({
    id,
    value: input,
    verdict: verdict !== "text" ? verdict : asText === "keep" ? "accept" : "reject",
    canonical: input,
  }));
}

/** What no string field takes. */
export const wrongTypes: readonly FieldCase[] = [["a"], { $ne: "" }, 7, true].map((value, at) => ({
  id: `type-${at}`,
  value,
  verdict: "reject",
}));

export const includeCases: readonly FieldCase[] = [
  ...hostileIncludes.map((value, at) => ({ id: `include-${at}`, value, verdict: "reject" as const })),
  ...[
    'add_header X-Corpus "a;b{c}#d";',
    "location = /corpus { return 200 corpus; }",
    "# } server { server_name victim.test; }\nadd_header X-Corpus y;",
  ].map((value, at) => ({ id: `include-ok-${at}`, value, verdict: "accept" as const, canonical: value })),
];
