import type { Access, Operation } from "@patchbay/sdk";
import type { Client } from "../harness/client.ts";

/** One operation as the running panel describes itself. */
export interface DescribedOperation {
  readonly id: string;
  readonly method: Operation["method"];
  readonly path: string;
  readonly access: Access;
  readonly rate: Operation["rate"];
  /** Input fields by name, as JSON Schema. */
  readonly fields: Readonly<Record<string, FieldSchema>>;
  readonly required: readonly string[];
}

export interface FieldSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly anyOf?: readonly FieldSchema[];
  readonly items?: FieldSchema;
}

interface Item {
  readonly operationId: string;
  readonly parameters?: readonly { name?: string; in?: string; required?: boolean; schema: FieldSchema }[];
  readonly requestBody?: {
    content: Record<string, { schema: { properties?: Record<string, FieldSchema>; required?: string[] } }>;
  };
  readonly "x-patchbay": { access: Access; rate: Operation["rate"] };
}

/** Every operation the panel serves, from its OpenAPI document. */
export async function describeOperations(client: Client): Promise<DescribedOperation[]> {
  const { body } = await client.call("GET", "/api/openapi.json");
  const paths = body.paths as Record<string, Record<string, Item>>;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, item]) => {
      const body = item.requestBody?.content["application/json"]?.schema;
      const query = (item.parameters ?? []).filter((parameter) => parameter.in === "query" && method === "get");
      return {
        id: item.operationId,
        method: method.toUpperCase() as Operation["method"],
        path,
        access: item["x-patchbay"].access,
        rate: item["x-patchbay"].rate,
        fields: body?.properties ?? Object.fromEntries(query.map((field) => [field.name ?? "", field.schema])),
        required: body?.required ?? query.filter((field) => field.required).map((field) => field.name ?? ""),
      };
    }),
  );
}
