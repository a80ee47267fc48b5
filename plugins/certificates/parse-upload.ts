import { type FieldError, isPanelError, PanelError } from "@patchbay/sdk";
import { type CertificatePair, toPair } from "./certificate-pair.ts";
import { parseCertificates } from "./parse-certificates.ts";
import { parsePrivateKey } from "./parse-private-key.ts";
import { chainFault, leafFault, pairFault } from "./trust.ts";

/** What was sent, as text. */
export interface Upload {
  /** PEM: the certificate, perhaps with its chain. */
  readonly certificate: string;
  readonly private_key: string;
  /** PEM: the rest of the chain. */
  readonly chain: string | null;
}

/**
 * The pair that an upload holds, written anew. Throws INVALID_INPUT (400) that names every field that is wrong: a server that
 * reads a broken certificate may die of it, with all its sites, and its own configuration test does not look.
 */
export function parseUpload(upload: Upload, domain: string, now: number): CertificatePair {
  const faults: FieldError[] = [];
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (!isPanelError(error)) throw error;
      faults.push(...error.fields);
      return undefined;
    }
  };
  const key = attempt(() => parsePrivateKey(upload.private_key));
  const own = attempt(() => parseCertificates("certificate", upload.certificate));
  const { chain } = upload;
  const more = chain === null ? [] : attempt(() => parseCertificates("chain", chain));
  const [leaf, ...issuers] = [...(own ?? []), ...(more ?? [])];
  if (own && more && leaf) {
    const fault = leafFault(leaf, domain, now) ?? chainFault([leaf, ...issuers], now);
    if (fault) faults.push(fault);
    if (key && faults.length === 0) {
      const pair = toPair(
        leaf.parsed,
        issuers.map((issuer) => issuer.parsed),
        key,
      );
      const misfit = pairFault(leaf.parsed, key, pair);
      if (!misfit) return pair;
      faults.push(misfit);
    }
  }
  throw new PanelError("INVALID_INPUT", { status: 400, message: "The request is not valid.", fields: faults });
}
