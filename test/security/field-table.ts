import { tenantZone } from "./corpus-world.ts";
import type { FieldCase, FieldPlan } from "./field-cases.ts";
import { fromClass, hostile, includeCases, ofField, wrongTypes } from "./field-cases.ts";
import { nameCases, typeCases, valueCases } from "./record-cases.ts";

const field = (...cases: readonly FieldPlan["cases"][]): FieldPlan => ({
  cases: [...cases.flat(), ...wrongTypes],
  refusal: "field",
});
const lookUp: FieldPlan = { cases: [...hostile("any"), ...wrongTypes], refusal: "refused" };
/** Compared with a secret: the rule for new ones must not show in the answer. */
const credential: FieldPlan = {
  cases: [
    ...hostile("any"),
    ...fromClass("secret_value").map(({ id, value }) => ({ id, value, verdict: "any" as const })),
  ],
  refusal: "refused",
};
const closedSet = field(hostile("reject"));
/** One of the backends there are: which ones is state of the server. */
const backend: FieldPlan = {
  cases: [...hostile("reject"), ...fromClass("vhost_field", { pick: ofField("web_template") }), ...wrongTypes],
  refusal: "refused",
};
const recordName: FieldPlan = { cases: nameCases(tenantZone), refusal: "field" };
const recordValue: FieldPlan = { cases: valueCases, refusal: "field" };
const forPeople = field(hostile("text"));
/** Addresses a parser mends in silence: what was checked would not be what was sent. */
const mended = [
  "https://a.test/\nadd_header X y;",
  "https://a.test/\rx",
  "ht\ntps://a.test/",
  "https://a.test/\tx",
  "https://a.test/a b",
  "https://a.test/a\\b",
  " https://a.test/",
  "https:a.test/",
  "https:///a.test/",
  "https://user:pass@a.test/",
  "https://a.test/\u00adx",
  "https://a%2etest/",
  "https://0x7f.1/",
  "javascript://a.test/%0aalert(1)",
].map((value, at) => ({ id: `mended-${at}`, value, verdict: "reject" as const }));
const newPassword = field(fromClass("secret_value"));
const name = field(
  fromClass("domain_name"),
  fromClass("vhost_field", { pick: ofField("server_alias") }),
  hostile("reject"),
);

/**
 * What is sent to which string field. The key is `<operation>.<field>`, or the field's name where it means the same in
 * every operation that has it. A field without an entry fails the test.
 */
export const fieldTable: Readonly<Record<string, FieldPlan>> = {
  domain: name,
  alias: name,
  username: field(fromClass("username"), hostile("reject")),
  email: field(
    // An account's own address is a person's, elsewhere; only a mailbox here must not have such a name.
    fromClass("email", { instead: { "eml-012": "accept" } }),
    fromClass("vhost_field", { pick: ofField("server_admin") }),
    hostile("reject"),
  ),
  password: newPassword,
  new_password: newPassword,
  confirm_password: field(hostile("reject")),
  current_password: credential,
  code: credential,
  "auth.login.username": credential,
  "auth.login.password": credential,
  "auth.login.two_factor_code": credential,
  "auth.backup-codes.password": credential,
  "auth.totp-disable.password": credential,
  php_version: field(
    // Which versions there are is state of the server: 8.3 is refused here like 9.9.
    fromClass("vhost_field", { pick: ofField("php_version"), instead: { "vhf-031": "any" } }),
    hostile("reject"),
  ),
  document_root: field(
    fromClass("file_path", {
      pick: (input) => (typeof input === "string" ? input : undefined),
      // A directory that is served is no file: the home itself, variables, backslashes and invisible characters are refused.
      instead: { "pth-003": "reject", "pth-010": "reject", "pth-015": "reject", "pth-016": "reject" },
    }),
    fromClass("vhost_field", { pick: ofField("document_root") }),
    hostile("any"),
  ),
  redirect_to: field(fromClass("vhost_field", { pick: ofField("redirect_to") }), mended, hostile("any"), [
    {
      id: "own-pipe",
      value: "https://a.test/?x=1|2|site|",
      verdict: "accept",
      canonical: "https://a.test/?x=1|2|site|",
    },
    {
      id: "own-braces",
      value: "https://a.test/${pb_root}#{}",
      verdict: "accept",
      canonical: "https://a.test/$%7Bpb_root%7D#{}",
    },
    { id: "own-quotes", value: "https://a.test/'\"?'=\"", verdict: "accept", canonical: "https://a.test/'%22?%27=%22" },
  ]),
  content: { cases: [...includeCases, ...wrongTypes], refusal: "refused" },
  certificate: closedSet,
  private_key: closedSet,
  chain: closedSet,
  "ssl.upload.domain": lookUp,
  web_server: backend,
  "domains.save-include.provider": field(
    hostile("reject"),
    fromClass("vhost_field", { pick: ofField("web_template") }),
  ),
  "dns.set-provider.provider": backend,
  "dns.add-record.type": { cases: typeCases, refusal: "field" },
  "dns.add-record.name": recordName,
  "dns.update-record.name": recordName,
  "dns.add-record.value": recordValue,
  "dns.update-record.value": recordValue,
  "plugins.approve.id": lookUp,
  "plugins.install.source": { cases: [...hostile("reject").filter(isNoPackage), ...wrongTypes], refusal: "refused" },
  "plugins.info.id": lookUp,
  "plugins.doctor.id": lookUp,
  "plugins.enable.id": lookUp,
  "plugins.disable.id": lookUp,
  "plugins.reload.id": lookUp,
  "plugins.remove.id": lookUp,
  "plugins.settings.id": lookUp,
  "plugins.save-settings.id": lookUp,
  "plugins.save-settings.version": field(hostile("reject")),
  reason: forPeople,
  name: forPeople,
  "domains.add.type": closedSet,
  status: closedSet,
  "reconcile.resolve.action": closedSet,
  "system.service-action.action": field(hostile("reject"), fromClass("firewall_service", { pick: serviceActionOf })),
  "system.service-action.service": lookUp,
  "system.audit-log.action": lookUp,
  user: lookUp,
  search: lookUp,
  session_id: lookUp,
  "operations.get.id": lookUp,
  "reconcile.resolve.id": lookUp,
  date_from: field(hostile("reject")),
  date_to: field(hostile("reject")),
  expires_at: field(hostile("reject")),
  scopes: field(hostile("reject")),
  key: { cases: [...hostile("reject"), ...wrongTypes], refusal: "refused" },
  value: { cases: [...hostile("reject"), ...wrongTypes], refusal: "refused" },
};

/** The registry is not asked for names that have nothing wrong with them. */
function isNoPackage({ value }: FieldCase): boolean {
  return !/^[a-z]+$/.test(String(value));
}

/** Actions of a service, not of a firewall rule. */
function serviceActionOf(input: unknown): unknown {
  const { service, action } = input as { service?: unknown; action?: unknown };
  return typeof service === "string" && action !== "start" && action !== "stop" ? action : undefined;
}
