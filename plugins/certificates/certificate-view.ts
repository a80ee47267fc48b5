import { toIso } from "@patchbay/sdk";
import * as v from "valibot";
import type { CertificateRow } from "./certificate-store.ts";

/** A certificate as answers show it. The key is never among it. */
export const certificateView = v.strictObject({
  id: v.number(),
  account_id: v.number(),
  domain: v.string(),
  type: v.picklist(["lets_encrypt", "self_signed", "custom"]),
  status: v.picklist(["active", "expired"]),
  issued_at: v.string(),
  expires_at: v.string(),
  auto_renew: v.boolean(),
});

const types = { "self-signed": "self_signed", uploaded: "custom", issued: "lets_encrypt" } as const;

/** `now` decides whether it has expired; milliseconds since 1970. */
export function toCertificateView(row: CertificateRow, now: number): v.InferOutput<typeof certificateView> {
  const { account_id, domain, expires_at, id, issued_at, kind } = row;
  return {
    id,
    account_id,
    domain,
    type: types[kind],
    status: expires_at <= now ? "expired" : "active",
    issued_at: toIso(issued_at),
    expires_at: toIso(expires_at),
    auto_renew: kind === "issued",
  };
}
