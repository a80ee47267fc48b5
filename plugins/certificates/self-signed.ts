import { createPrivateKey, X509Certificate } from "node:crypto";
import { type CertificatePair, toPair } from "./certificate-pair.ts";

const tenYears = 3650 * 24 * 3600 * 1000;
/** Clients whose clocks are a little slow take a new certificate too. */
const clockSkew = 60_000;
/** A common name has at most 64 characters (RFC 5280, ub-common-name); host names may be longer. */
const longestCommonName = 64;

/** A new key on P-256 and a certificate for these host names that it signs itself. Takes 3 to 6 ms. */
export async function createSelfSigned(names: readonly string[], now: number): Promise<CertificatePair> {
  // Not before it is needed: it takes 15 MB.
  const { generate } = await import("selfsigned");
  const commonName = names.find((name) => name.length <= longestCommonName) ?? "patchbay";
  const made = await generate([{ name: "commonName", value: commonName }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(now - clockSkew),
    notAfterDate: new Date(now + tenYears),
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "subjectAltName", altNames: names.map((value) => ({ type: 2 as const, value })) },
    ],
  });
  return toPair(new X509Certificate(made.cert), [], createPrivateKey(made.private));
}
