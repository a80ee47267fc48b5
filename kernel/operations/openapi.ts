import { type Operation, pathOf } from "@patchbay/sdk";
import { scopeOf } from "../access/scopes.ts";
import { type JsonSchema, toJsonSchema } from "./json-schema.ts";
import { openApiComponents } from "./openapi-components.ts";

export interface OpenApiInfo {
  /** Version of the panel. */
  readonly version: string;
  /** Addresses the API is reached at. Default: the one the document came from. */
  readonly servers?: readonly string[];
}

const errorStatuses = [400, 401, 403, 404, 409, 413, 415, 429, 500] as const;

/** The OpenAPI 3.1 document of a generation's operations. Pure: the same operations give the same document. */
export function buildOpenApi(operations: readonly Operation[], info: OpenApiInfo): object {
  const sorted = [...operations].sort((a, b) => (a.id < b.id ? -1 : 1));
  const tags = [...new Set(sorted.map(resourceOf))];
  return {
    openapi: "3.1.0",
    info: {
      title: "Patchbay",
      version: info.version,
      description: "Every answer is an envelope with `success`, `message` and, when it succeeded, `data`.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: (info.servers ?? ["/"]).map((url) => ({ url })),
    tags: tags.map((name) => ({ name, description: `Operations on ${name}.` })),
    security: [{ session: [] }, { token: [] }],
    paths: Object.fromEntries(sorted.map((operation) => [pathOf(operation.id), toPathItem(operation)])),
    components: openApiComponents(errorStatuses),
  };
}

function resourceOf(operation: Operation): string {
  return operation.id.slice(0, operation.id.indexOf("."));
}

function toPathItem(operation: Operation): object {
  const input = toJsonSchema(operation.input);
  const isQuery = operation.method === "GET";
  const parameters = isQuery ? toQueryParameters(input) : changeParameters;
  const item = {
    operationId: operation.id,
    tags: [resourceOf(operation)],
    summary: operation.summary,
    ...(operation.access.callers === "public" ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(isQuery ? {} : { requestBody: toRequestBody(input) }),
    responses: toResponses(operation),
    "x-patchbay": toFacts(operation),
  };
  return { [operation.method.toLowerCase()]: item };
}

const changeParameters: readonly object[] = [
  { $ref: "#/components/parameters/DryRun" },
  { $ref: "#/components/parameters/IdempotencyKey" },
  { $ref: "#/components/parameters/Prefer" },
];

function toQueryParameters(input: JsonSchema): object[] {
  const required = new Set((input["required"] ?? []) as readonly string[]);
  return Object.entries(propertiesOf(input)).map(([name, schema]) => {
    const { description, ...rest } = schema;
    return {
      name,
      in: "query",
      required: required.has(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}

function toRequestBody(input: JsonSchema): object {
  const required = ((input["required"] ?? []) as readonly string[]).length > 0;
  return { required, content: { "application/json": { schema: input } } };
}

function propertiesOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return (schema["properties"] ?? {}) as Record<string, JsonSchema>;
}

function toResponses(operation: Operation): object {
  const data = toJsonSchema(operation.output, "output");
  const success = {
    description: operation.message ?? "OK",
    content: { "application/json": { schema: toEnvelope(data) } },
  };
  const errors = errorStatuses.map((status) => [status, { $ref: `#/components/responses/Error${status}` }]);
  return {
    200: success,
    ...(operation.method === "GET" ? {} : { 202: { $ref: "#/components/responses/Accepted" } }),
    ...Object.fromEntries(errors),
  };
}

/** The envelope of a success around `data`. */
function toEnvelope(data: JsonSchema): object {
  return {
    type: "object",
    required: ["success", "message", "data"],
    properties: { success: { const: true }, message: { type: "string" }, data },
  };
}

/** What OpenAPI has no words for. */
function toFacts(operation: Operation): object {
  const { access, aliases, errors, audit, rate } = operation;
  return {
    access,
    scope: access.callers === "public" ? null : scopeOf(operation),
    rate,
    audit,
    ...(aliases === undefined ? {} : { aliases }),
    ...(errors === undefined ? {} : { errors }),
  };
}
