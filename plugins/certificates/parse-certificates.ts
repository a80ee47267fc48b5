import { X509Certificate } from "node:crypto";
import { invalid } from "@patchbay/sdk";
import { parsePem } from "./pem.ts";

/** A certificate, and the field it was sent in. */
export interface SentCertificate {
  readonly field: "certificate" | "chain";
  readonly parsed: X509Certificate;
}

/** More than any authority issues; each costs a check of a signature. */
const longestChain = 10;

/** Reads a PEM text of certificates and nothing else. Throws INVALID_INPUT (400) that names the field. */
export function parseCertificates(field: SentCertificate["field"], text: string): SentCertificate[] {
  const blocks = parsePem(text);
  if (!blocks) throw invalid(field, "format", "must be certificates in PEM form, without any other text");
  if (blocks.some((block) => block.label !== "CERTIFICATE"))
    throw invalid(field, "format", "must have certificates only, no key and no request");
  if (blocks.length > longestChain) throw invalid(field, "length", `must have at most ${longestChain} certificates`);
  return blocks.map(({ bytes }) => ({ field, parsed: parseOne(field, bytes) }));
}

function parseOne(field: string, bytes: Buffer): X509Certificate {
  let parsed: X509Certificate | undefined;
  try {
    parsed = new X509Certificate(bytes);
  } catch {
    // The parser's message is about its own insides.
  }
  // Another encoding of the same facts, or bytes behind them: other parsers may read it differently.
  if (!parsed?.raw.equals(bytes)) throw invalid(field, "format", "must be valid certificates (X.509, DER)");
  return parsed;
}
