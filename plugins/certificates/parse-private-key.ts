import { createPrivateKey, type KeyObject } from "node:crypto";
import { invalid } from "@patchbay/sdk";
import { type PemBlock, parsePem } from "./pem.ts";

const types: Readonly<Record<string, "pkcs8" | "pkcs1" | "sec1">> = {
  "PRIVATE KEY": "pkcs8",
  "RSA PRIVATE KEY": "pkcs1",
  "EC PRIVATE KEY": "sec1",
};
const curves: ReadonlySet<string | undefined> = new Set(["prime256v1", "secp384r1"]);
/** Servers and clients refuse less; more is not offered by authorities and makes every handshake slow. */
const rsaBits = { least: 2048, most: 4096 };

const refuse = (code: string, message: string) => invalid("private_key", code, message);

/**
 * Reads a PEM text of exactly one private key that is not encrypted: RSA of 2048 to 4096 bits, or EC on P-256 or P-384, which
 * are what browsers take. Throws INVALID_INPUT (400).
 */
export function parsePrivateKey(text: string): KeyObject {
  if (/-----BEGIN ENCRYPTED|^Proc-Type:.*ENCRYPTED/m.test(text))
    throw refuse("format", "must not be encrypted: take the passphrase away first");
  // `openssl ecparam -genkey` writes the name of the curve in front. The key itself holds it too.
  const blocks = parsePem(text)?.filter((block) => block.label !== "EC PARAMETERS");
  const [block] = blocks ?? [];
  const type = types[block?.label ?? ""];
  if (!block || !type) throw refuse("format", "must be a private key in PEM form, without any other text");
  if (blocks?.length !== 1) throw refuse("format", "must be one private key and nothing else");
  const key = decode(block, type);
  if (!key) throw refuse("format", "must be a valid private key");
  if (!isAccepted(key)) {
    const { least, most } = rsaBits;
    throw refuse("choice", `must be an RSA key of ${least} to ${most} bits, or an EC key on P-256 or P-384`);
  }
  const canonical = rewrite(key);
  if (!canonical) throw refuse("format", "must be a valid private key");
  return canonical;
}

function decode({ bytes }: PemBlock, type: "pkcs8" | "pkcs1" | "sec1"): KeyObject | undefined {
  try {
    return createPrivateKey({ key: bytes, format: "der", type });
  } catch {
    return undefined;
  }
}

function isAccepted({ asymmetricKeyDetails: details, asymmetricKeyType: type }: KeyObject): boolean {
  if (type === "ec") return curves.has(details?.namedCurve);
  const bits = details?.modulusLength ?? 0;
  return type === "rsa" && bits >= rsaBits.least && bits <= rsaBits.most;
}

/** The key from its numbers alone: a curve by its name, no attributes, no other encodings. */
function rewrite(key: KeyObject): KeyObject | undefined {
  try {
    return createPrivateKey({ key: key.export({ format: "jwk" }), format: "jwk" });
  } catch {
    return undefined;
  }
}
