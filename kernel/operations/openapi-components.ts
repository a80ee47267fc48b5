/** What each error status means, whatever the operation. */
const errorMeanings: Readonly<Record<number, string>> = {
  400: "The input or the body is not valid; `errors` names the fields.",
  401: "Nobody is logged in, or the credentials are wrong.",
  403: "The caller may not do this, or a limit is reached.",
  404: "The object does not exist or belongs to somebody else.",
  409: "It conflicts with something that exists.",
  413: "The body is too large.",
  415: "The body is not JSON.",
  429: "Too many requests; `Retry-After` tells when to come back.",
  500: "The panel failed; nothing was changed.",
};

const fieldError = {
  type: "object",
  required: ["field", "code", "message"],
  properties: {
    field: { type: "string", description: "Path of the input field; empty for the request as a whole." },
    code: { type: "string", description: "Machine word for the rule." },
    message: { type: "string", description: "The rule in words." },
  },
};

const errorEnvelope = {
  type: "object",
  required: ["success", "message", "errors"],
  properties: {
    success: { const: false },
    message: { type: "string" },
    errors: { type: "array", items: { $ref: "#/components/schemas/FieldError" } },
  },
};

const acceptedEnvelope = {
  type: "object",
  required: ["success", "message", "data"],
  properties: {
    success: { const: true },
    message: { type: "string" },
    data: {
      type: "object",
      required: ["operation_id", "state"],
      properties: {
        operation_id: { type: "string", format: "uuid" },
        state: { enum: ["queued", "running", "done", "failed", "undone"] },
      },
    },
  },
};

const parameters = {
  DryRun: {
    name: "dry_run",
    in: "query",
    description: "With 1 nothing is changed: `data` holds the `plan` and its `warnings`.",
    schema: { type: "boolean", default: false },
  },
  IdempotencyKey: {
    name: "Idempotency-Key",
    in: "header",
    description: "Requests of one caller with one key have one outcome.",
    schema: { type: "string", minLength: 1 },
  },
  Prefer: {
    name: "Prefer",
    in: "header",
    description: "`respond-async` is answered 202 at once.",
    schema: { type: "string" },
  },
};

function json(description: string, schema: string): object {
  return { description, content: { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } } };
}

/** The parts of the OpenAPI document that all operations share. */
export function openApiComponents(errorStatuses: readonly number[]): object {
  const errors = errorStatuses.map((status) => [`Error${status}`, json(errorMeanings[status] ?? "Error", "Error")]);
  return {
    securitySchemes: {
      session: { type: "apiKey", in: "cookie", name: "ncpx_session" },
      token: { type: "http", scheme: "bearer", description: "An API token; needs the operation's scope." },
    },
    parameters,
    schemas: { FieldError: fieldError, Error: errorEnvelope, Accepted: acceptedEnvelope },
    responses: {
      Accepted: json("Still being applied; ask `operations/get` for its outcome.", "Accepted"),
      ...Object.fromEntries(errors),
    },
  };
}
