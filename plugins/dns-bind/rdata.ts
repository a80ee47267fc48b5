import type { RecordType } from "@patchbay/dns/contract";
import { ProviderError } from "@patchbay/sdk";
import * as v from "valibot";
import { nameProblem } from "./names.ts";
import { decodeData, encodeData, type PacketData, typeNumbers } from "./packet.ts";

interface Format {
  /** Canonical presentation format to what dns-packet encodes. Throws ProviderError `unsupported`. */
  read(text: string): PacketData;
  /** What dns-packet decoded, as canonical presentation format. */
  show(data: never): string;
}

const number16 = /^(?:0|[1-9]\d{0,4})$/;
const octet = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const ipv4 = v.pipe(v.string(), v.regex(new RegExp(`^${octet}(?:\\.${octet}){3}$`)));
const ipv6 = v.pipe(v.string(), v.regex(/^[0-9a-f:.]{2,45}$/), v.ipv6());
const printable = /^[\x20-\x7e]*$/;

function refused(words: string): ProviderError {
  return new ProviderError("unsupported", words);
}

/** A name with a trailing dot, `.` for the root. */
function readTarget(text: string): string {
  if (text === ".") return text;
  const problem = text.endsWith(".") ? nameProblem(text.slice(0, -1)) : "must end with a dot";
  if (problem !== undefined) throw refused(`a name in the data ${problem}`);
  return text;
}

function showTarget(name: string): string {
  return name === "." ? name : `${name.toLowerCase()}.`;
}

function readNumber(text: string, highest: number): number {
  if (!number16.test(text) || Number(text) > highest) throw refused(`a number must be from 0 to ${highest}`);
  return Number(text);
}

function words(text: string, count: number): string[] {
  const found = text.split(" ");
  if (found.length !== count) throw refused(`the data must have ${count} fields`);
  return found;
}

/** Quoted strings, one blank between two. */
function readStrings(text: string): Buffer[] {
  const strings: Buffer[] = [];
  const quotedString = /"((?:[^"\\]|\\\d{3}|\\\D)*)"/y;
  for (let at = 0; at < text.length; at = quotedString.lastIndex + 1) {
    quotedString.lastIndex = at;
    const [, body] = quotedString.exec(text) ?? [];
    if (body === undefined) throw refused("text must be strings in quotes");
    const isSeparated = text.charAt(quotedString.lastIndex) === " " && quotedString.lastIndex < text.length - 1;
    if (!isSeparated && quotedString.lastIndex < text.length) throw refused("one blank must stand between two strings");
    strings.push(readEscapes(body));
  }
  return strings;
}

function readEscapes(body: string): Buffer {
  const bytes = [...body.matchAll(/\\(\d{3})|\\(\D)|([^\\])/gs)].map(([, code, escaped, plain]) => {
    const character = escaped ?? plain ?? "";
    if (code === undefined ? printable.test(character) : Number(code) <= 255) {
      return code === undefined ? character.charCodeAt(0) : Number(code);
    }
    throw refused("text must be printable ASCII; other bytes are written as \\DDD up to \\255");
  });
  return Buffer.from(bytes);
}

function showString(bytes: Uint8Array): string {
  const text = [...bytes].map((byte) => {
    if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
    return byte < 0x20 || byte > 0x7e ? `\\${String(byte).padStart(3, "0")}` : String.fromCharCode(byte);
  });
  return `"${text.join("")}"`;
}

function readAddress(schema: v.GenericSchema<string>, kind: string): (text: string) => string {
  return (text) => {
    if (!v.is(schema, text)) throw refused(`must be an ${kind} address`);
    return text;
  };
}

const target: Format = { read: readTarget, show: showTarget };

const formats: Readonly<Record<RecordType, Format>> = {
  A: { read: readAddress(ipv4, "IPv4"), show: (address: string) => address },
  AAAA: {
    read: readAddress(ipv6, "IPv6"),
    show: (address: string) => new URL(`http://[${address}]/`).hostname.slice(1, -1),
  },
  CNAME: target,
  NS: target,
  PTR: target,
  MX: {
    read: (text) => {
      const [preference = "", exchange = ""] = words(text, 2);
      return { preference: readNumber(preference, 65_535), exchange: readTarget(exchange) };
    },
    show: (data: { preference: number; exchange: string }) => `${data.preference} ${showTarget(data.exchange)}`,
  },
  SRV: {
    read: (text) => {
      const [priority = "", weight = "", port = "", name = ""] = words(text, 4);
      const number = (word: string) => readNumber(word, 65_535);
      return { priority: number(priority), weight: number(weight), port: number(port), target: readTarget(name) };
    },
    show: (data: { priority: number; weight: number; port: number; target: string }) =>
      `${data.priority} ${data.weight} ${data.port} ${showTarget(data.target)}`,
  },
  TXT: {
    read: (text) => {
      const strings = readStrings(text);
      if (strings.length === 0) throw refused("text must have at least one string");
      if (strings.some(({ length }) => length > 255)) throw refused("a string must have at most 255 bytes");
      return strings;
    },
    show: (strings: readonly Buffer[]) => strings.map(showString).join(" "),
  },
  CAA: {
    read: readCaa,
    show: (data: { flags: number; tag: string; value: string }) =>
      `${data.flags} ${data.tag.toLowerCase()} ${showString(Buffer.from(data.value))}`,
  },
};

function readCaa(text: string): PacketData {
  const [, flags = "", tag = "", rest = ""] = /^(\d+) ([a-z0-9]{1,255}) (.*)$/s.exec(text) ?? [];
  const [value, ...others] = readStrings(rest).map((bytes) => bytes.toString("latin1"));
  if (value === undefined || others.length > 0) throw refused("must be flags, a tag and one string in quotes");
  if (!printable.test(value)) throw refused("the value must be printable ASCII");
  return { flags: readNumber(flags, 255), tag, value };
}

/** Wire form of canonical presentation data. Throws ProviderError `unsupported` for text that is no data of the type. */
export function toWire(type: RecordType, text: string): Buffer {
  return encodeData(type, formats[type].read(text));
}

/** Record data of a message in wire form, names not compressed, and as text. `at` is where its length stands. */
export function fromWire(type: RecordType, message: Uint8Array, at: number): { wire: Buffer; text: string } {
  const data = decodeData(type, message, at);
  return { wire: encodeData(type, lowered(type, data)), text: formats[type].show(data as never) };
}

/** Names are compared in lower case, in which the panel writes them. */
function lowered(type: RecordType, data: PacketData): PacketData {
  if (typeof data === "string") return data.toLowerCase();
  const { exchange, flags, tag, target: host, value, ...others } = data as Readonly<Record<string, string | number>>;
  if (type === "MX") return { ...others, exchange: String(exchange).toLowerCase() };
  if (type === "SRV") return { ...others, target: String(host).toLowerCase() };
  // dns-packet adds a field that makes it forget all flags but one.
  if (type === "CAA") return { flags: Number(flags), tag: String(tag).toLowerCase(), value: String(value) };
  return data;
}

/** The type of a number, undefined for one that a zone of the panel never holds. */
export function typeOf(number: number): RecordType | undefined {
  return (Object.keys(formats) as RecordType[]).find((type) => typeNumbers[type] === number);
}
