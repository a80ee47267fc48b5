import { accountObject } from "@patchbay/accounts/contract";
import { defineChange, domainName, objectId } from "@patchbay/sdk";
import * as v from "valibot";
import type { CertificatePair } from "../certificate-pair.ts";
import { CertificateStore } from "../certificate-store.ts";
import { certificateView, toCertificateView } from "../certificate-view.ts";
import { parseUpload } from "../parse-upload.ts";

const pemText = v.pipe(v.string(), v.maxLength(65_536));

const input = v.strictObject({
  account_id: objectId,
  domain: domainName,
  /** The certificate of the domain, perhaps followed by its chain. */
  certificate: pemText,
  private_key: pemText,
  /** The rest of the chain, each certificate before the one that issued it. Null means the same as leaving it out. */
  chain: v.optional(v.nullable(pemText), null),
});

export const uploadCertificate = defineChange<typeof input, typeof certificateView, CertificatePair>({
  id: "ssl.upload",
  method: "POST",
  summary: "Serve a domain with a certificate from elsewhere",
  message: "Certificate uploaded",
  access: { callers: ["admin", "reseller", "user"], object: { type: accountObject, from: "account_id", infer: true } },
  rate: "standard",
  // All of it: a key that was sent in the field of the certificate must not be kept either.
  secrets: ["private_key", "certificate", "chain"],
  input,
  output: certificateView,
  resource: (_input, certificate) => `certificate:${certificate.id}`,
  // Signatures are checked before the transaction begins.
  prepare: async (input, { now }) => parseUpload(input, input.domain, now),
  handle: async ({ account_id: accountId, domain }, ctx, pair) => {
    const row = await ctx.use(CertificateStore).install(ctx, { accountId, domain }, pair);
    ctx.note({ fingerprint: pair.fingerprint });
    return toCertificateView(row, ctx.now);
  },
});
