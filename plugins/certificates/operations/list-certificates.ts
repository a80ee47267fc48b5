import { accountObject } from "@patchbay/accounts/contract";
import { defineQuery, queryId } from "@patchbay/sdk";
import * as v from "valibot";
import type { CertificateRow } from "../certificate-store.ts";
import { certificateView, toCertificateView } from "../certificate-view.ts";

export const listCertificates = defineQuery({
  id: "ssl.list",
  summary: "Certificates of an account",
  access: { callers: ["admin", "reseller", "user"], object: { type: accountObject, from: "account_id", infer: true } },
  rate: "standard",
  input: v.strictObject({ account_id: queryId }),
  output: v.array(certificateView),
  handle: async (input, { now, read }) => {
    const rows = await read.all<CertificateRow>("SELECT * FROM certificates WHERE account_id = ? ORDER BY domain", [
      input.account_id,
    ]);
    return rows.map((row) => toCertificateView(row, now));
  },
});
