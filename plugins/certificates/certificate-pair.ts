import type { KeyObject, X509Certificate } from "node:crypto";

/** A certificate with its key, in the form that is stored and served. */
export interface CertificatePair {
  /** PEM; the certificate of the domain first, then the chain. */
  readonly certificate: string;
  /** PKCS #8 PEM. */
  readonly key: string;
  /** SHA-256 of the certificate in DER, lower-case hex. */
  readonly fingerprint: string;
  /** Start and end of its validity, milliseconds since 1970. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** Writes key and certificates anew from what was parsed of them, so that no other text comes along. */
export function toPair(leaf: X509Certificate, chain: readonly X509Certificate[], key: KeyObject): CertificatePair {
  return {
    certificate: [leaf, ...chain].map((one) => pemFile(one.toString())).join(""),
    key: pemFile(key.export({ type: "pkcs8", format: "pem" }).toString()),
    fingerprint: leaf.fingerprint256.replaceAll(":", "").toLowerCase(),
    issuedAt: Date.parse(leaf.validFrom),
    expiresAt: Date.parse(leaf.validTo),
  };
}

const pemFile = (text: string) => `${text.trim()}\n`;
