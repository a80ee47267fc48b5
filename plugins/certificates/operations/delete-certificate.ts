import { defineChange, objectId } from "@patchbay/sdk";
import * as v from "valibot";
import { CertificateStore } from "../certificate-store.ts";
import { certificateObject } from "../ownership.ts";

export const deleteCertificate = defineChange({
  id: "ssl.delete",
  method: "POST",
  summary: "Replace the certificate of a domain by a new self-signed one",
  message: "Certificate removed",
  access: { callers: ["admin", "reseller", "user"], object: { type: certificateObject, from: "id" } },
  rate: "standard",
  input: v.strictObject({ id: objectId }),
  output: v.null(),
  resource: (input) => `certificate:${input.id}`,
  handle: async (input, ctx) => {
    const { domain } = await ctx.use(CertificateStore).reset(ctx, input.id);
    ctx.note({ domain });
    return null;
  },
});
