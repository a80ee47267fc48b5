import { invalid } from "@patchbay/sdk";
import { toIpv4, toIpv6 } from "./addresses.ts";
import { readCaa } from "./caa-data.ts";
import type { RecordType } from "./contract.ts";
import { isHost, showTarget, type TargetRules, toOwner, toTarget } from "./names.ts";
import { readText, showText } from "./text-data.ts";

/** A record as a request says it. */
export interface RecordInput {
  readonly zone: string;
  readonly type: RecordType;
  readonly name: string;
  readonly value: string;
  readonly priority: number | null;
  /** Priority of the record that is changed, for a request that says none. */
  readonly before?: number | null;
}

/** A record in canonical form. */
export interface RecordDraft {
  readonly type: RecordType;
  /** Absolute, without a trailing dot. */
  readonly name: string;
  /** Presentation format, names absolute with a trailing dot. */
  readonly data: string;
}

/** The value of a record as answers show it; given back as input it means the same data. */
export interface ShownValue {
  readonly value: string;
  readonly priority: number | null;
}

interface Format {
  /** True: the owner is a host, so it has no underscores. */
  readonly hostOwner?: boolean;
  /** How many numbers stand before the target. Undefined: the data holds no target. */
  readonly numbers?: number;
  read(input: RecordInput): string;
  show(data: string): ShownValue;
}

const number16 = /^(?:0|[1-9]\d{0,4})$/;
const plain = (value: string): ShownValue => ({ value, priority: null });

function address(read: (text: string) => string | undefined, words: string): Format {
  return {
    hostOwner: true,
    read: ({ value }) => {
      const found = read(value);
      if (found === undefined) throw invalid("value", "format", `must be ${words}`);
      return found;
    },
    show: plain,
  };
}

function target(rules: Omit<TargetRules, "zone">): Format {
  return {
    numbers: 0,
    read: ({ value, zone }) => toTarget(value, { zone, ...rules }),
    show: (data) => plain(showTarget(data)),
  };
}

/** MX and SRV: a priority, further numbers, a target. */
function service(numbers: number, words: string): Format {
  return {
    numbers,
    hostOwner: numbers === 1,
    read: (input) => {
      const parts = input.value.split(/ +/);
      const own = parts.length === numbers + 1 ? parts.shift() : undefined;
      if (parts.length !== numbers) throw invalid("value", "format", `must be like ${words}`);
      const values = [priorityOf(input, own), ...parts.slice(0, -1)];
      if (!values.every((value) => number16.test(value) && Number(value) <= 65_535)) {
        throw invalid("value", "range", "must have numbers from 0 to 65535");
      }
      return [...values, toTarget(parts.at(-1) ?? "", { zone: input.zone, root: true })].join(" ");
    },
    show: (data) => {
      const [priority, ...parts] = data.split(" ");
      return { value: [...parts.slice(0, -1), showTarget(parts.at(-1) ?? "")].join(" "), priority: Number(priority) };
    },
  };
}

function priorityOf({ priority, before }: RecordInput, own: string | undefined): string {
  if (own !== undefined && priority !== null && own !== String(priority)) {
    throw invalid("priority", "format", "must be the one in the value, or be left out");
  }
  const found = own ?? priority ?? before ?? undefined;
  if (found === undefined) throw invalid("priority", "required", "must be given, in the field or before the value");
  return String(found);
}

const formats: Readonly<Record<RecordType, Format>> = {
  A: address(toIpv4, "an IPv4 address such as 192.0.2.1"),
  AAAA: address(toIpv6, "an IPv6 address such as 2001:db8::1"),
  CNAME: target({ underscores: true }),
  NS: target({}),
  PTR: target({}),
  MX: service(1, "mail.example.com"),
  SRV: service(3, "5 5060 sip.example.com (weight, port, target)"),
  TXT: { read: ({ value }) => readText(value), show: (data) => plain(showText(data)) },
  CAA: { read: ({ value }) => readCaa(value), show: plain },
};

/**
 * The canonical form of a record, by the rules that need nothing but the record: those of its type and of its owner. Throws
 * INVALID_INPUT that names `name`, `value` or `priority`.
 */
export function toDraft(input: RecordInput): RecordDraft {
  const { type, zone } = input;
  const format = formats[type];
  const name = toOwner(zone, input.name);
  if (format.hostOwner === true && !isHost(name)) {
    throw invalid("name", "format", `must not have underscores for a record of type ${type}`);
  }
  if (type === "NS" && name.startsWith("*.")) throw invalid("name", "format", "must not be a wildcard for NS");
  if (input.priority !== null && format.numbers !== 1 && format.numbers !== 3) {
    throw invalid("priority", "unknown", "is for MX and SRV only");
  }
  const data = format.read(input);
  if (type === "CNAME") checkAlias({ zone, name, data });
  return { type, name, data };
}

function checkAlias({ zone, name, data }: { zone: string; name: string; data: string }): void {
  if (name === zone)
    throw invalid("name", "format", "must not be the zone itself for CNAME: the name servers stand there");
  if (data === `${name}.`) throw invalid("value", "format", "must not be the record's own name");
}

/** What a record's data says, for people. */
export function showData(type: RecordType, data: string): ShownValue {
  return formats[type].show(data);
}

/** The name that NS, MX and SRV data refer to, without a trailing dot. Undefined for other types and for the root. */
export function hostOf(type: RecordType, data: string): string | undefined {
  if (type !== "NS" && type !== "MX" && type !== "SRV") return undefined;
  const name = data.slice(data.lastIndexOf(" ") + 1, -1);
  return name === "" ? undefined : name;
}
