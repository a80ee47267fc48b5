import { existsSync, readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { InstanceFile } from "../helper/entry.ts";

/** What the panel answered. */
export interface Reply {
  readonly status: number;
  readonly success: boolean;
  readonly message: string;
  readonly data: unknown;
  readonly errors: readonly { field: string; code: string; message: string }[];
}

/** The instance of a directory as its own file describes it, when it runs. */
export function runningInstance(data: string): InstanceFile | undefined {
  const file = join(data, "instance.json");
  if (!existsSync(file)) return undefined;
  const instance = JSON.parse(readFileSync(file, "utf8")) as InstanceFile;
  return isAlive(instance.pid) ? instance : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The panel of the instance in a directory. Throws, with what to do, when none runs. */
export function connect(data: string): PanelClient {
  const instance = runningInstance(data);
  if (!instance) throw new Error(`no instance runs in ${data}; start one with: patchbay up --data ${data}`);
  return new PanelClient(data, instance);
}

/** Calls the panel of a running instance with the token that its kernel keeps for this command. */
export class PanelClient {
  readonly #origin: string;
  readonly #token: string;
  readonly #certificate: string;

  constructor(data: string, instance: InstanceFile) {
    this.#origin = instance.panel.admin;
    this.#token = readFileSync(join(data, "panel", "cli-token"), "utf8").trim();
    this.#certificate = readFileSync(join(data, "panel", "tls", "panel.pem"), "utf8");
  }

  async call(method: string, path: string, input: Readonly<Record<string, unknown>> = {}): Promise<Reply> {
    const { status, body } = await this.#send(method, path, input);
    const reply = body as Reply;
    return { ...reply, errors: reply.errors ?? [], status };
  }

  /** The OpenAPI document: what the panel can do, and with which input. */
  async describe(): Promise<ApiDocument> {
    return (await this.#send("GET", "/api/openapi.json", {})).body as ApiDocument;
  }

  /** Server-sent events until the panel ends the stream: the data of each, as JSON. Throws when they are refused. */
  async *events(path: string): AsyncGenerator<unknown> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { authorization: `Bearer ${this.#token}` };
      const sent = request(new URL(path, this.#origin), { headers, ca: this.#certificate, agent: false }, resolve);
      sent.on("error", reject);
      sent.end();
    });
    if (response.statusCode !== 200) {
      response.destroy();
      throw new Error(`the panel answers ${response.statusCode}`);
    }
    for await (const line of createInterface({ input: response })) {
      if (line.startsWith("data: ")) yield JSON.parse(line.slice("data: ".length));
    }
  }

  #send(
    method: string,
    path: string,
    input: Readonly<Record<string, unknown>>,
  ): Promise<{ status: number; body: unknown }> {
    const url = new URL(path, this.#origin);
    const body = method === "GET" ? "" : JSON.stringify(input);
    if (method === "GET") for (const [key, value] of Object.entries(input)) url.searchParams.set(key, String(value));
    return new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${this.#token}`,
        ...(body ? { "content-type": "application/json" } : {}),
      };
      const sent = request(url, { method, headers, ca: this.#certificate, agent: false, timeout: 120_000 }, (res) => {
        const chunks: Buffer[] = [];
        res.on("data", (chunk: Buffer) => chunks.push(chunk));
        res.on("end", () => {
          try {
            resolve({ status: res.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString("utf8")) });
          } catch (error) {
            reject(error as Error);
          }
        });
      });
      sent.on("timeout", () => sent.destroy(new Error("the panel did not answer in time")));
      sent.on("error", reject);
      sent.end(body);
    });
  }
}

interface ApiSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, ApiSchema>>;
  readonly required?: readonly string[];
  readonly description?: string;
}

export interface ApiOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema: ApiSchema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: ApiSchema }>> };
}

export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, ApiOperation>>>>;
}

/** One input field of a generated command. */
export interface CommandField {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
}

/** A command that was generated from an operation. */
export interface GeneratedCommand {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly fields: readonly CommandField[];
}

/** `domains add` → its operation. A resource may be said in the singular. */
export function findCommand(api: ApiDocument, resource: string, action: string): GeneratedCommand | undefined {
  const found = [resource, `${resource}s`].map(
    (name) => [`/api/${name}/${action}`, api.paths[`/api/${name}/${action}`]] as const,
  );
  for (const [path, methods] of found) {
    const entry = Object.entries(methods ?? {})[0];
    if (!entry) continue;
    const [method, operation] = entry;
    return { method: method.toUpperCase(), path, summary: operation.summary, fields: fieldsOf(operation) };
  }
  return undefined;
}

function fieldsOf(operation: ApiOperation): CommandField[] {
  const query = (operation.parameters ?? [])
    .filter((parameter) => parameter.in === "query")
    .map((parameter) => ({
      name: parameter.name,
      type: typeOf(parameter.schema),
      required: parameter.required === true,
    }));
  const body = operation.requestBody?.content["application/json"]?.schema;
  const fields = Object.entries(body?.properties ?? {}).map(([name, schema]) => ({
    name,
    type: typeOf(schema),
    required: body?.required?.includes(name) ?? false,
  }));
  return [...query.filter((field) => field.name !== "dry_run"), ...fields];
}

function typeOf(schema: ApiSchema): string {
  return typeof schema.type === "string" ? schema.type : (schema.type?.[0] ?? "string");
}
