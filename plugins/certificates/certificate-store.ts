import { type ChangeContext, type NewRow, notFound, type Read, token, type Vault } from "@patchbay/sdk";
import type { CertificatePair } from "./certificate-pair.ts";
import {
  type CertificateEvent,
  type CertificateFile,
  type Certificates,
  certificateChanged,
  certificateRemoved,
  certificatesSlotId,
  certificateUploaded,
} from "./contract.ts";
import { filePath } from "./file-path.ts";
import { sealKey } from "./sealed-key.ts";
import { createSelfSigned } from "./self-signed.ts";

export type CertificateKind = "self-signed" | "uploaded" | "issued";

/** A row of `certificates`. */
export interface CertificateRow {
  readonly id: number;
  readonly uuid: string;
  readonly account_id: number;
  readonly domain: string;
  readonly kind: CertificateKind;
  /** JSON list of host names, the domain first. */
  readonly names: string;
  readonly certificate: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly issued_at: number;
  readonly expires_at: number;
  /** Days before its end at which its expiry was told last; null: never. */
  readonly expiry_told: number | null;
  readonly created_at: number;
  readonly updated_at: number;
}

/** What this plugin's own operations do besides what others may. */
export interface CertificateStore extends Certificates {
  /** Gives a domain of the account a certificate that was uploaded. Throws NOT_FOUND for a domain that is not the account's. */
  install(
    change: ChangeContext,
    to: { readonly accountId: number; readonly domain: string },
    pair: CertificatePair,
  ): Promise<CertificateRow>;
  /** Replaces a certificate by a new self-signed one. Throws NOT_FOUND. */
  reset(change: ChangeContext, id: number): Promise<CertificateRow>;
}

export const CertificateStore = token<CertificateStore>("certificates.store");

const filesSql = "SELECT domain, kind, fingerprint FROM certificates WHERE domain IN (SELECT value FROM json_each(?))";

export function createCertificateStore(vault: Vault): CertificateStore {
  return {
    ensure: async (change, account, names) => {
      const domain = domainOf(names);
      const row = await findByDomain(change.read, domain);
      const list = JSON.stringify(names);
      if (!row) {
        const columns = await selfSigned(vault, names, change.now);
        await change.intents.insert("certificates", { account_id: account.id, domain, ...columns });
        change.intents.touch(certificatesSlotId, domain);
      } else if (row.names !== list) {
        if (row.kind === "self-signed") await replace(change, row, await selfSigned(vault, names, change.now));
        else await change.intents.update("certificates", row.id, { names: list });
      }
    },
    remove: async (change, domain) => {
      const row = await findByDomain(change.read, domain);
      if (!row) return;
      await change.intents.delete("certificates", row.id);
      change.intents.touch(certificatesSlotId, domain);
      await announceRemoval(change, row);
    },
    files,
    install: async (change, { accountId, domain }, pair) => {
      const row = await findByDomain(change.read, domain);
      if (row?.account_id !== accountId) throw notFound("domain");
      await replace(change, row, { kind: "uploaded", ...toColumns(vault, domain, pair) });
      const installed = await requireCertificate(change.read, row.id);
      await change.emit(certificateUploaded, toEvent(installed));
      return installed;
    },
    reset: async (change, id) => {
      const row = await requireCertificate(change.read, id);
      await replace(change, row, await selfSigned(vault, JSON.parse(row.names) as string[], change.now));
      await announceRemoval(change, row);
      return requireCertificate(change.read, id);
    },
  };
}

function domainOf(names: readonly string[]): string {
  const [domain] = names;
  if (domain === undefined) throw new Error("a certificate was asked for no name");
  return domain;
}

/** Columns of a new self-signed certificate for these names, the domain first. */
async function selfSigned(vault: Vault, names: readonly string[], now: number): Promise<NewRow> {
  const pair = await createSelfSigned(names, now);
  return { kind: "self-signed", names: JSON.stringify(names), ...toColumns(vault, domainOf(names), pair) };
}

function toColumns(vault: Vault, domain: string, pair: CertificatePair): NewRow {
  return {
    certificate: pair.certificate,
    key: sealKey(vault, domain, pair.key),
    fingerprint: pair.fingerprint,
    issued_at: pair.issuedAt,
    expires_at: pair.expiresAt,
    expiry_told: null,
  };
}

async function replace(change: ChangeContext, row: CertificateRow, patch: NewRow): Promise<void> {
  await change.intents.update("certificates", row.id, patch);
  change.intents.touch(certificatesSlotId, row.domain);
  await change.run(certificateChanged, { domain: row.domain, change });
}

async function announceRemoval(change: ChangeContext, row: CertificateRow): Promise<void> {
  if (row.kind !== "self-signed") await change.emit(certificateRemoved, toEvent(row));
}

/** A certificate as notify hooks tell of it. */
export function toEvent({ account_id, domain, expires_at, fingerprint, id }: CertificateRow): CertificateEvent {
  return { certificateId: id, accountId: account_id, domain, fingerprint, expiresAt: expires_at };
}

function findByDomain(read: Read, domain: string): Promise<CertificateRow | undefined> {
  return read.get("SELECT * FROM certificates WHERE domain = ?", [domain]);
}

/** Throws NOT_FOUND. */
async function requireCertificate(read: Read, id: number): Promise<CertificateRow> {
  const row = await read.get<CertificateRow>("SELECT * FROM certificates WHERE id = ?", [id]);
  if (!row) throw notFound("certificate");
  return row;
}

/** One statement for any number of domains. */
async function files(read: Read, domains: readonly string[]): Promise<ReadonlyMap<string, CertificateFile>> {
  const rows = await read.all<CertificateRow>(filesSql, [JSON.stringify(domains)]);
  return new Map(
    rows.map(({ domain, fingerprint, kind }) => [
      domain,
      { file: `certificates/${filePath(domain)}`, fingerprint, trusted: kind !== "self-signed" },
    ]),
  );
}
