import { createPublicKey, type KeyObject, sign, verify, type X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { FieldError } from "@patchbay/sdk";
import type { CertificatePair } from "./certificate-pair.ts";
import type { SentCertificate } from "./parse-certificates.ts";

const oneDay = 24 * 3600 * 1000;
/** Extended key usages (RFC 5280, 4.2.1.12) that let a certificate serve TLS: serverAuth, any. */
const serverUsages = ["1.3.6.1.5.5.7.3.1", "2.5.29.37.0"];

/** The first rule that the certificate of a domain breaks, whatever its chain is. `now`: milliseconds since 1970. */
export function leafFault({ field, parsed }: SentCertificate, domain: string, now: number): FieldError | undefined {
  const broken = (code: string, message: string) => ({ field, code, message });
  if (parsed.ca) return broken("choice", "must not be the certificate of an authority");
  // Only names count: browsers have not looked at the subject for years. `ca*.example.com` is no wildcard to them either.
  if (parsed.checkHost(domain, { subject: "never", partialWildcards: false }) === undefined)
    return broken("choice", "must be issued for this domain");
  const usages: readonly string[] | undefined = parsed.keyUsage;
  if (usages && !serverUsages.some((usage) => usages.includes(usage)))
    return broken("choice", "must be issued for servers");
  return validityFault({ field, parsed }, now);
}

function validityFault({ field, parsed }: SentCertificate, now: number): FieldError | undefined {
  const isTimely = Date.parse(parsed.validFrom) <= now + oneDay && now < Date.parse(parsed.validTo);
  return isTimely ? undefined : { field, code: "range", message: "must be valid now" };
}

/** The first certificate that was not issued by the one after it, or cannot vouch for it now. */
export function chainFault(all: readonly SentCertificate[], now: number): FieldError | undefined {
  for (const [at, issuer] of all.entries()) {
    const issued = all[at - 1]?.parsed;
    if (!issued) continue;
    if (!isIssuedBy(issued, issuer.parsed))
      return {
        field: issuer.field,
        code: "format",
        message: "must be followed by its issuers, each by its own, in order",
      };
    const fault = validityFault(issuer, now);
    if (fault) return fault;
  }
  return undefined;
}

function isIssuedBy(issued: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return issuer.ca && issued.checkIssued(issuer) && issued.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

/** Why certificate and key do not make a server together. `leaf` is the certificate, `pair` what would be served. */
export function pairFault(leaf: X509Certificate, key: KeyObject, pair: CertificatePair): FieldError | undefined {
  if (!leaf.checkPrivateKey(key) || !isWorking(leaf, key))
    return { field: "private_key", code: "choice", message: "must be the key of the certificate" };
  // A curve spelt out in numbers is read by no browser.
  if (!spkiOf(createPublicKey(key)).equals(spkiOf(leaf.publicKey)))
    return { field: "certificate", code: "format", message: "must name its curve" };
  if (!isServable(pair))
    return { field: "certificate", code: "choice", message: "must not be signed with SHA-1 or with a weak key" };
  return undefined;
}

const spkiOf = (key: KeyObject) => key.export({ type: "spki", format: "der" });

/** A key may hold the right public half and a wrong secret one. */
function isWorking(leaf: X509Certificate, key: KeyObject): boolean {
  try {
    const text = Buffer.from("patchbay");
    return verify("sha256", text, leaf.publicKey, sign("sha256", text, key));
  } catch {
    return false;
  }
}

/** What a web server does with its files at the start, with the security level that Debian's OpenSSL has. */
function isServable({ certificate, key }: CertificatePair): boolean {
  try {
    createSecureContext({ cert: certificate, key, minVersion: "TLSv1.2", ciphers: "DEFAULT@SECLEVEL=2" });
    return true;
  } catch {
    return false;
  }
}
