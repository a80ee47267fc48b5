import type { DescribedOperation, FieldSchema } from "./operations.ts";

/** Values the panel takes for fields of these names, whatever the operation. */
const byName: Readonly<Record<string, unknown>> = {
  username: "matrixnew",
  domain: "matrix-new.test",
  alias: "alias.matrix-new.test",
  email: "new@people.test",
  password: "a long enough password",
  current_password: "a long enough password",
  new_password: "another long password",
  confirm_password: "another long password",
  name: "matrix",
  type: "addon",
  php_version: "8.2",
  document_root: "public_html/matrix",
  redirect_to: "https://elsewhere.test/",
  content: "",
  code: "123456",
  service: "nginx",
  key: "ns1_hostname",
  value: "ns1.example.test",
  session_id: "00000000-0000-7000-8000-000000000000",
  date_from: "2026-01-01",
  date_to: "2026-12-31",
};

/** Where a field of such a name means something else. By operation, or by the part before the dot. */
const byOperation: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  dns: { name: "matrix", value: "192.0.2.7" },
  "system.switch-preview": { key: "web_server", value: "nginx" },
  "system.install-backend": { key: "web_server", value: "nginx" },
  "plugins.install": { source: "/nothing/is/here" },
  "plugins.settings": { id: "dns-cloudflare" },
  "plugins.save-settings": { id: "dns-cloudflare", values: {} },
};

/** An input that is well-formed for an operation, with `id` in the field that names its object. */
export function sampleInput(operation: DescribedOperation, id: number): Record<string, unknown> {
  const object = operation.access.object;
  const input: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(operation.fields)) {
    if (name === object?.from) input[name] = id;
    else if (operation.required.includes(name)) input[name] = sample(name, schema, operation);
  }
  return input;
}

function sample(name: string, schema: FieldSchema, operation: DescribedOperation): unknown {
  const own = byOperation[operation.id] ?? byOperation[operation.id.split(".", 1)[0] ?? ""] ?? {};
  if (name in own) return own[name];
  if (schema.enum) return schema.enum[0];
  if (name === "id" && schema.type !== "integer" && operation.method !== "GET") return "1";
  if (name === "id" && operation.id.startsWith("operations.")) return byName["session_id"];
  if (name in byName) return byName[name];
  if (schema.anyOf?.[0]) return sample(name, schema.anyOf[0], operation);
  if (schema.type === "integer" || schema.type === "number") return schema.minimum ?? 1;
  if (schema.type === "boolean") return true;
  if (schema.type === "array") return [];
  return "1";
}
