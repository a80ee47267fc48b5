import { createHmac, timingSafeEqual } from "node:crypto";
import { ProviderError } from "@patchbay/sdk";

/**
 * The messages of named's control channel, which `rndc` speaks: tables of strings and tables, signed with HMAC-SHA256. Their
 * format is written down nowhere but in BIND's `lib/isccc`.
 */
export type ControlTable = { readonly [key: string]: string | ControlTable };

const kinds = { string: 0, binary: 1, table: 2 } as const;
const version = 1;
/** Algorithm number of HMAC-SHA256, and the length of the field its base64 is padded to. */
const hmacSha256 = 163;
const digestField = 88;
const deepest = 4;

function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A table without its own length, as the outermost one is sent. */
export function encodeTable(table: ControlTable): Buffer {
  const entries = Object.entries(table).flatMap(([key, value]) => {
    const name = Buffer.from(key, "latin1");
    const isText = typeof value === "string";
    const body = isText ? Buffer.from(value, "utf8") : encodeTable(value);
    const kind = isText ? kinds.binary : kinds.table;
    return [Buffer.from([name.length]), name, Buffer.from([kind]), number32(body.length), body];
  });
  return Buffer.concat(entries);
}

/** Throws RangeError for bytes that are no table. */
export function decodeTable(bytes: Buffer, depth = 0): ControlTable {
  if (depth > deepest) throw new RangeError("tables are nested too deeply");
  const table: Record<string, string | ControlTable> = Object.create(null);
  for (let at = 0; at < bytes.length; ) {
    const keyEnd = at + 1 + bytes.readUInt8(at);
    const kind = bytes.readUInt8(keyEnd);
    const start = keyEnd + 5;
    const end = start + bytes.readUInt32BE(keyEnd + 1);
    if (end > bytes.length) throw new RangeError("a value is longer than its table");
    const body = bytes.subarray(start, end);
    const key = bytes.toString("latin1", at + 1, keyEnd);
    if (kind === kinds.table) table[key] = decodeTable(body, depth + 1);
    else if (kind === kinds.string || kind === kinds.binary) table[key] = body.toString("utf8");
    else throw new RangeError("a value is of an unknown kind");
    at = end;
  }
  return table;
}

/** A signed message with its length in front. */
export function encodeControl(secret: Uint8Array, table: ControlTable): Buffer {
  const body = encodeTable(table);
  const message = Buffer.concat([number32(version), authOf(secret, body), body]);
  return Buffer.concat([number32(message.length), message]);
}

/** `bytes` without the length. Throws ProviderError for a message that is broken or not signed with the secret. */
export function decodeControl(secret: Uint8Array, bytes: Buffer): ControlTable {
  const authEnd = 4 + authOf(secret, Buffer.alloc(0)).length;
  const body = bytes.subarray(authEnd);
  const wanted = authOf(secret, body);
  const auth = bytes.subarray(4, authEnd);
  if (auth.length !== wanted.length || bytes.readUInt32BE(0) !== version || !timingSafeEqual(auth, wanted)) {
    throw new ProviderError("unavailable", "the control channel of the name server does not sign with the panel's key");
  }
  try {
    return decodeTable(body);
  } catch (cause) {
    throw new ProviderError("unavailable", "the control channel of the name server cannot be understood", { cause });
  }
}

/** `_auth { hsha: algorithm, base64 of the digest, zeros }`: covers everything after it. */
function authOf(secret: Uint8Array, body: Uint8Array): Buffer {
  const field = Buffer.alloc(1 + digestField);
  field[0] = hmacSha256;
  field.write(createHmac("sha256", secret).update(body).digest("base64"), 1, "latin1");
  const inner = Buffer.concat([
    Buffer.from("\u0004hsha", "latin1"),
    Buffer.from([kinds.binary]),
    number32(field.length),
    field,
  ]);
  return Buffer.concat([
    Buffer.from("\u0005_auth", "latin1"),
    Buffer.from([kinds.table]),
    number32(inner.length),
    inner,
  ]);
}
