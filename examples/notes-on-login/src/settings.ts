import type { Setting } from "@patchbay/sdk";
import * as v from "@patchbay/sdk/valibot";

// Settings are texts. The schema becomes a form (`plugins/settings`), and is checked by the panel before a value is saved.

export const refusedDomains: Setting = {
  key: "refused_domains",
  title: "Domains nobody may add, with commas between them; names below them are refused too",
  schema: v.pipe(
    v.string(),
    v.maxLength(2000),
    v.regex(/^[a-z0-9., -]*$/, "format: must be names with commas between"),
  ),
  default: "",
};

// A secret is sealed in the database, shown as ***, and in no log.
export const addressKey: Setting = {
  key: "address_key",
  title: "Key of the marks that are kept instead of addresses; without it no mark is kept",
  schema: v.pipe(v.string(), v.maxLength(200)),
  default: "",
  secret: true,
};
