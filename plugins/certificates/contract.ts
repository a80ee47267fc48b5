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
  /** The change that is under way: what is written through it is part of it. */
  readonly change: ChangeContext;
}

/**
 * A domain is being given another certificate: mark your units that use it.
 *
 * @when Inside the change that replaces the certificate of a domain, whoever it is from, after its row was written.
 */
export const certificateChanged = defineHook<"guarded", CertificateChange>("guarded", "certificates.changed");

/** A certificate that came from elsewhere. The key is in no payload. */
export interface CertificateEvent {
  readonly certificateId: number;
  readonly accountId: number;
  readonly domain: string;
  /** SHA-256 of the certificate in DER, lower-case hex. */
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * A domain is served with a certificate from elsewhere.
 *
 * @when After `ssl.upload`.
 */
export const certificateUploaded = defineHook<"notify", CertificateEvent>("notify", "certificates.uploaded");

/**
 * A certificate from elsewhere is gone. While its domain stays, that has a self-signed one instead.
 *
 * @when After `ssl.delete`, and after the change that removed its domain. Not for self-signed certificates, which come and go
 *   with their domains.
 */
export const certificateRemoved = defineHook<"notify", CertificateEvent>("notify", "certificates.removed");

export interface CertificateExpiry extends CertificateEvent {
  /** Whole days that are left; 0: it has expired, or does so within a day. */
  readonly daysLeft: number;
}

/**
 * A certificate from elsewhere ends soon, and nobody has replaced it.
 *
 * @when Each morning, once for each of 30, 14, 7, 3, 1 and 0 days before its end that has been reached. Not for self-signed
 *   certificates.
 */
export const certificateExpiring = defineHook<"notify", CertificateExpiry>("notify", "certificates.expiring");
