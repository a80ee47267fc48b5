import { httpUrl, rule, type Setting } from "@patchbay/sdk";
import * as v from "valibot";

/** Settings of this plugin: `plugins/save-settings {id: "dns-cloudflare", values}`. */
export const settings: readonly Setting[] = [
  {
    key: "api_token",
    title: "API token with the permissions Zone: Edit and DNS: Edit",
    schema: v.pipe(
      v.string(),
      v.regex(/^(?:[A-Za-z0-9_-]{20,200})?$/, rule("format", "must be empty or an API token of Cloudflare")),
    ),
    default: "",
    secret: true,
  },
  {
    key: "base_url",
    title: "Address of the API",
    schema: httpUrl,
    default: "https://api.cloudflare.com/client/v4",
  },
  {
    key: "account_id",
    title: "Account that new zones are created in; empty when the token reaches one account alone",
    schema: v.pipe(
      v.string(),
      v.regex(/^(?:[0-9a-f]{32})?$/, rule("format", "must be empty or 32 hexadecimal digits")),
    ),
    default: "",
  },
];
