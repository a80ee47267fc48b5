import { type BackendState, hostName, rule, type ServerOptions, type Setting, type SlotChoice } from "@patchbay/sdk";
import * as v from "valibot";

/** Options of the standard API that choose a backend, and what they answer while no plugin brings their slot. */
const backendOptions = { web_server: "", mail_server: "", ftp_server: "", dns_server: "none" } as const;

const nameServer = v.union([v.literal(""), hostName], rule("format", "must be a full host name or empty"));

/** The options that choose no backend. */
export const settings: readonly Setting[] = [
  {
    key: "whmcs_enabled",
    title: "Billing bridge",
    schema: v.picklist(["0", "1"], rule("choice", "must be one of 0, 1")),
    default: "0",
  },
  {
    key: "whmcs_api_key",
    title: "Key of the billing bridge",
    // Printable ASCII: it travels in a header.
    schema: v.pipe(
      v.string(),
      v.regex(/^(?:[\x21-\x7e]{16,128})?$/, rule("format", "must be empty or 16 to 128 visible ASCII characters")),
    ),
    default: "",
    secret: true,
  },
  { key: "ns1_hostname", title: "First name server", schema: nameServer, default: "" },
  { key: "ns2_hostname", title: "Second name server", schema: nameServer, default: "" },
];

export const serverOptionsView = v.strictObject({
  web_server: v.string(),
  mail_server: v.string(),
  ftp_server: v.string(),
  dns_server: v.string(),
  whmcs_enabled: v.boolean(),
  whmcs_api_key: v.string(),
  ns1_hostname: v.string(),
  ns2_hostname: v.string(),
  detected: v.record(v.string(), v.boolean()),
});

export type ServerOptionsView = v.InferOutput<typeof serverOptionsView>;

/** What `system.server-options` answers. The key of the billing bridge is never shown, only whether there is one. */
export function toServerOptionsView(
  options: Pick<ServerOptions, "get">,
  choices: readonly SlotChoice[],
  backends: readonly BackendState[],
): ServerOptionsView {
  const chosen = (option: keyof typeof backendOptions) =>
    choices.find((choice) => choice.option === option)?.chosen ?? backendOptions[option];
  return {
    web_server: chosen("web_server"),
    mail_server: chosen("mail_server"),
    ftp_server: chosen("ftp_server"),
    dns_server: chosen("dns_server"),
    whmcs_enabled: options.get("whmcs_enabled") === "1",
    whmcs_api_key: options.get("whmcs_api_key") === "" ? "" : "***",
    ns1_hostname: options.get("ns1_hostname"),
    ns2_hostname: options.get("ns2_hostname"),
    detected: Object.fromEntries(backends.map(({ id, running }) => [id, running])),
  };
}
