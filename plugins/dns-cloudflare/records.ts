import type { RecordSetUnit, RecordType } from "@patchbay/dns/contract";
import { readStrings } from "./strings.ts";

/** A DNS record as Cloudflare answers it, as far as it matters here. */
export interface ApiRecord {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** Seconds; 1: Cloudflare chooses, as it does for all that is proxied. */
  readonly ttl: number;
  readonly content?: string;
  readonly priority?: number;
  readonly proxied?: boolean;
  readonly comment?: string | null;
  readonly data?: Readonly<Record<string, string | number | undefined>>;
}

/** The part of a record that says what it answers. */
export interface RecordBody {
  readonly content?: string;
  readonly priority?: number;
  readonly data?: Readonly<Record<string, string | number>>;
}

export interface NewRecord extends RecordBody {
  readonly name: string;
  readonly type: RecordType;
  readonly ttl: number;
  readonly comment: string;
}

/** Changes of one zone that happen together. */
export interface RecordBatch {
  readonly deletes: readonly { readonly id: string }[];
  readonly patches: readonly (RecordBody & {
    readonly id: string;
    readonly type: string;
    readonly name: string;
    readonly ttl: number;
  })[];
  readonly posts: readonly NewRecord[];
}

/** What the panel writes into records it made, so that it knows them again. */
export const mark = "patchbay";

/** One record in canonical presentation format as Cloudflare takes it. */
export function toBody(type: RecordType, text: string): RecordBody {
  const words = text.split(" ");
  const name = (word: string | undefined) => withoutDot(word ?? "");
  if (type === "MX") return { priority: Number(words[0]), content: name(words[1]) };
  if (type === "SRV") {
    const [priority, weight, port] = words.map(Number);
    return { data: { priority: priority ?? 0, weight: weight ?? 0, port: port ?? 0, target: name(words[3]) } };
  }
  if (type === "CAA") {
    const [flags = "0", tag = ""] = words;
    const value = readStrings(text.slice(flags.length + tag.length + 2));
    return { data: { flags: Number(flags), tag, value: value.toString("utf8") } };
  }
  if (type === "CNAME" || type === "NS" || type === "PTR") return { content: name(text) };
  return { content: text };
}

/** True when a record answers exactly this. Compared by meaning: TXT may be quoted and split in many ways. */
export function answers(record: ApiRecord, set: Pick<RecordSetUnit, "type">, text: string): boolean {
  const wanted = toBody(set.type, text);
  if (set.type === "TXT") return readStrings(record.content ?? "").equals(readStrings(text));
  if (wanted.data !== undefined) {
    return Object.entries(wanted.data).every(([key, value]) => fold(record.data?.[key]) === fold(value));
  }
  return fold(record.content) === fold(wanted.content) && (record.priority ?? null) === (wanted.priority ?? null);
}

/** What a record answers, as text for people. */
export function describe(record: ApiRecord): string {
  const body = record.data === undefined ? [record.priority, record.content] : Object.values(record.data);
  return [record.ttl, ...body.filter((part) => part !== undefined)].join(" ");
}

function fold(value: string | number | undefined): string {
  return withoutDot(String(value ?? "")).toLowerCase();
}

function withoutDot(name: string): string {
  return name.length > 1 && name.endsWith(".") ? name.slice(0, -1) : name;
}
