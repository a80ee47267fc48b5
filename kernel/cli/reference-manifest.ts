import { manifestSchema } from "@patchbay/sdk";
import { type JsonSchema, toJsonSchema } from "../operations/json-schema.ts";
import { code, generated, table } from "./reference-source.ts";

const intro = `The \`patchbay\` key of a plugin's \`package.json\`. The panel reads it before any of the plugin's code runs, and an admin is
shown it before the plugin is approved. Fields that are not listed are refused.

\`\`\`json
{
  "name": "patchbay-web-example",
  "version": "1.0.0",
  "type": "module",
  "exports": "./index.js",
  "patchbay": {
    "id": "web-example",
    "title": "Example",
    "sdk": "^1.0.0",
    "provides": [{ "slot": "web", "as": "example" }],
    "requires": ["web"],
    "packages": [{ "apt": "example", "binary": "/usr/sbin/example", "reason": "Serves the sites." }]
  }
}
\`\`\`
`;

interface Field {
  readonly path: string;
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
}

/** Every field of a manifest. */
export function manifestPage(): string {
  const rows = fieldsOf(toJsonSchema(manifestSchema), "").map(({ isRequired, path, schema }) => {
    const fallback = schema["default"];
    const must = isRequired ? "required" : fallback === undefined ? "" : code(JSON.stringify(fallback));
    return [code(path), code(typeOf(schema)), must, String(schema["description"] ?? "")];
  });
  const fields = table(["field", "type", "default", "meaning"], rows);
  return `# Manifest of a plugin\n\n${generated}\n${intro}\n## Fields\n\n\`[]\` stands for each entry of a list, \`*\` for each name.\n\n${fields}\n`;
}

/** The fields of an object, each followed by those inside of it. */
function fieldsOf(schema: JsonSchema, prefix: string): Field[] {
  const required = (schema["required"] ?? []) as readonly string[];
  return Object.entries((schema["properties"] ?? {}) as Record<string, JsonSchema>).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    return [{ path, schema: field, isRequired: required.includes(name) }, ...inside(field, path)];
  });
}

function inside(schema: JsonSchema, path: string): Field[] {
  const items = schema["items"] as JsonSchema | undefined;
  if (items?.["properties"]) return fieldsOf(items, `${path}[].`);
  const named = schema["additionalProperties"];
  if (typeof named === "object" && named !== null) return fieldsOf(named as JsonSchema, `${path}.*.`);
  return fieldsOf(schema, `${path}.`);
}

function typeOf(schema: JsonSchema): string {
  const choices = schema["enum"] as readonly unknown[] | undefined;
  if (choices) return choices.map((choice) => JSON.stringify(choice)).join(" | ");
  const items = schema["items"] as JsonSchema | undefined;
  if (items) return `list of ${typeOf(items)}`;
  const { minimum, maximum, pattern, type } = schema as Record<string, string | number | undefined>;
  const range = minimum === undefined ? "" : ` from ${minimum} to ${maximum}`;
  return `${type ?? "any"}${range}${pattern === undefined ? "" : ` /${pattern}/`}`;
}
