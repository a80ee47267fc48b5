import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Access } from "@patchbay/sdk";
import { type ApiDocument, type ApiOperation, findCommand } from "./client.ts";
import { generated } from "./reference-source.ts";

type Facts = {
  readonly access: Access;
  readonly scope: string | null;
  readonly rate: string;
  readonly audit: string;
  readonly errors?: readonly string[];
};

interface Entry {
  readonly method: string;
  readonly path: string;
  readonly operation: ApiOperation & { readonly "x-patchbay": Facts };
}

function entriesOf(api: ApiDocument): Entry[] {
  return Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation: operation as Entry["operation"],
    })),
  );
}

/** Every operation with its input. */
export function operationsPage(api: ApiDocument): string {
  const lines = entriesOf(api).map(({ method, path, operation }) => {
    const [, , resource = "", action = ""] = path.split("/");
    const fields = findCommand(api, resource, action)?.fields ?? [];
    const input = fields.map((field) => `${field.name}${field.required ? "" : "?"}: ${field.type}`).join(", ");
    return `| \`${method} ${path}\` | ${operation.summary} | ${input ? `\`${input}\`` : ""} |`;
  });
  return `# Operations\n\n${generated}\n| route | what it does | input |\n|---|---|---|\n${lines.join("\n")}\n`;
}

/** Who may call what. */
export function permissionsPage(api: ApiDocument): string {
  const lines = entriesOf(api).map(({ operation }) => {
    const { access, scope, rate, audit } = operation["x-patchbay"];
    const callers = typeof access.callers === "string" ? access.callers : access.callers.join(", ");
    const object = access.object ? `${access.object.type} in \`${access.object.from}\`` : "";
    return `| \`${operation.operationId}\` | ${callers} | ${object} | ${scope ?? ""} | ${rate} | ${audit} |`;
  });
  const head = "| operation | callers | must own | scope of a token | rate | audit |\n|---|---|---|---|---|---|";
  return `# Permissions\n\n${generated}\n${head}\n${lines.join("\n")}\n`;
}

/** Every error code the panel can answer, from the table of each package. */
export function errorsPage(root: string): string {
  const tables = ["sdk", "kernel", ...readdirSync(join(root, "plugins")).map((plugin) => join("plugins", plugin))];
  const rows = tables.flatMap((folder) =>
    codesOf(join(root, folder)).map(([code, meaning]) => ({ code, meaning, folder })),
  );
  rows.sort((a, b) => (a.code < b.code ? -1 : 1));
  const lines = rows.map(({ code, meaning, folder }) => `| \`${code}\` | ${meaning} | ${folder} |`);
  return `# Error codes\n\n${generated}\n| code | what it tells | package |\n|---|---|---|\n${lines.join("\n")}\n`;
}

/** The entries of a package's `error-codes.ts`, read as text: the file is a plain table. */
function codesOf(folder: string): [string, string][] {
  const file = join(folder, "error-codes.ts");
  if (!existsSync(file)) return [];
  const entries = readFileSync(file, "utf8").matchAll(/^ {2}([A-Z0-9_]+):\s*"(.+)",$/gm);
  return [...entries].map((entry) => [entry[1] ?? "", entry[2] ?? ""]);
}

interface Backend {
  readonly slot: string;
  readonly title: string;
  readonly capabilities: Readonly<Record<string, boolean>>;
  readonly cases: number;
}

/** What each backend has shown in its conformance suite, by slot, from the `capabilities.json` its last run wrote. */
export function capabilitiesPage(root: string): string {
  const backends = ["plugins", "examples"].flatMap((folder) =>
    readdirSync(join(root, folder)).flatMap((plugin) => backendOf(join(root, folder, plugin)) ?? []),
  );
  const slots = [...new Set(backends.map(({ slot }) => slot))].sort();
  const tables = slots.map((slot) => {
    const ofSlot = backends.filter((backend) => backend.slot === slot);
    const ids = [...new Set(ofSlot.flatMap(({ capabilities }) => Object.keys(capabilities)))];
    const head = `| \`${slot}\` | ${ofSlot.map(({ title }) => title).join(" | ")} |\n|---|${ofSlot.map(() => "---|").join("")}`;
    const rows = ids.map(
      (id) => `| ${id} | ${ofSlot.map((one) => (one.capabilities[id] ? "yes" : "no")).join(" | ")} |`,
    );
    return [head, ...rows, `| cases passed | ${ofSlot.map(({ cases }) => cases).join(" | ")} |`].join("\n");
  });
  const means = "Every `yes` was proved, and every `no` was refused, against the real daemon.";
  return `# Capabilities of backends\n\n${generated}\n${means}\n\n${tables.join("\n\n")}\n`;
}

function backendOf(folder: string): Backend | undefined {
  const file = join(folder, "capabilities.json");
  if (!existsSync(file)) return undefined;
  const { patchbay } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return { slot: patchbay.provides[0].slot, title: patchbay.title, ...JSON.parse(readFileSync(file, "utf8")) };
}

/** The flags of `patchbay up`. */
export function flagsPage(options: readonly { flag: string; help: string; fallback: string }[]): string {
  const lines = options.map(({ flag, help, fallback }) => {
    const variable = `PATCHBAY_${flag.toUpperCase().replaceAll("-", "_")}`;
    return `| \`--${flag}\` | \`${variable}\` | \`${fallback}\` | ${help} |`;
  });
  const head = "| flag | variable | default | meaning |\n|---|---|---|---|";
  const file = "Each is also a key of the config file (`--config FILE`, default `DIR/config.json`).";
  return `# Flags of \`patchbay up\`\n\n${generated}\n${file}\n\n${head}\n${lines.join("\n")}\n`;
}
