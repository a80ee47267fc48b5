import type { AccountRow } from "@patchbay/accounts/contract";
import { type ChangeContext, defineHook, type Read, token } from "@patchbay/sdk";
import * as v from "valibot";

/** Id of the slot of the certificate files. Units are keyed by the domain name; slots that refer to one come `after` it. */
export const certificatesSlotId = "certificates";

/** Desired state of one PEM file: the key, the certificate, its chain. */
export const certificateUnit = v.strictObject({
  domain: v.string(),
  /** PEM; the certificate of the domain first, then the chain. */
  certificate: v.string(),
  /** PKCS #8 PEM, sealed with the vault of this plugin. */
  key: v.string(),
});

export type CertificateUnit = v.InferOutput<typeof certificateUnit>;

/** What a plugin whose units use a certificate needs to know of it. */
export interface CertificateFile {
  /** PEM file with key, certificate and chain, relative to the host's configuration directory. */
  readonly file: string;
  /** SHA-256 of the certificate in DER, lower-case hex. */
  readonly fingerprint: string;
  /** True: one that clients can trust, not one the panel signed itself. */
  readonly trusted: boolean;
}

/** Certificates of domains. Every domain has exactly one, self-signed until a better one is there. */
export interface Certificates {
  /** Gives a domain a self-signed certificate for these names, unless it has one that was uploaded or issued. */
  ensure(change: ChangeContext, account: AccountRow, names: readonly string[]): Promise<void>;
  /** Takes the certificate of a domain away. Succeeds when there is none. */
  remove(change: ChangeContext, domain: string): Promise<void>;
  /** By domain name. Every domain for which `ensure` was called is in it. */
  files(read: Read, domains: readonly string[]): Promise<ReadonlyMap<string, CertificateFile>>;
}

export const Certificates = token<Certificates>("certificates.certificates");

export interface CertificateChange {
  readonly domain: string;
  readonly change: ChangeContext;
}

/** Runs inside the change that gives a domain another certificate, so that those who use it mark their units. */
export const certificateChanged = defineHook<"guarded", CertificateChange>("guarded", "certificates.changed");
