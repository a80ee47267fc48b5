import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { dollarVariable } from "../../plugins/web-nginx/quote.ts";
import { recordFields, type SiteRecord } from "../../plugins/web-nginx/record.ts";
import { type Directive, parseNginx } from "../../plugins/web-nginx/syntax.ts";
import { filesUnder } from "../harness/files.ts";
import type { TestInstance } from "../harness/instance.ts";

/** What nginx was told of one host name: the line as it stands there, and what it means. */
export interface HostLine {
  readonly line: string;
  readonly record: SiteRecord;
}

/** What nginx reads where variables are expanded. */
function expand(word: string): string {
  return word.replaceAll(`\${${dollarVariable}}`, "$");
}

const treeOf = (instance: TestInstance) => join(instance.data, "etc", "web-nginx");

/** Every host record nginx has, by host name. Throws when a file holds anything else than one record a line. */
export function readHosts(instance: TestInstance): ReadonlyMap<string, HostLine> {
  const hosts = new Map<string, HostLine>();
  for (const file of filesUnder(join(treeOf(instance), "hosts.d"))) {
    const text = readFileSync(file, "utf8");
    const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const directives = parseNginx(text);
    if (directives.length !== lines.length) throw new Error(`${file}: ${directives.length} records`);
    for (const [at, { words, block }] of directives.entries()) {
      const [name, value, ...more] = words.map(expand);
      if (block !== null || name === undefined || value === undefined || more.length > 0) throw new Error(`no record`);
      if (hosts.has(name)) throw new Error(`${name} stands there twice`);
      hosts.set(name, { line: lines[at] ?? "", record: unpack(value) });
    }
  }
  return hosts;
}

/** As nginx takes the fields apart: the last one holds the rest. */
function unpack(value: string): SiteRecord {
  const parts = value.split("|");
  const fields = recordFields.map((field, at) => [
    field,
    at === recordFields.length - 1 ? parts.slice(at).join("|") : (parts[at] ?? ""),
  ]);
  return Object.fromEntries(fields) as unknown as SiteRecord;
}

/** Server blocks of sites with text of their own, by path below `sites.d`. */
export function readOwnBlocks(instance: TestInstance): ReadonlyMap<string, readonly Directive[]> {
  const folder = join(treeOf(instance), "sites.d");
  return new Map(
    filesUnder(folder).map((file) => [relative(folder, file), parseNginx(readFileSync(file, "utf8"))] as const),
  );
}

/** Directives of an ini file as php-fpm reads it: values in single quotes, apostrophes in double quotes, joined. */
export function readPool(instance: TestInstance, username: string): ReadonlyMap<string, string> {
  const file = filesUnder(join(instance.data, "etc", "php")).find((path) => path.endsWith(`/${username}.conf`));
  if (file === undefined) throw new Error(`${username} has no pool`);
  const [section, ...lines] = readFileSync(file, "utf8").trimEnd().split("\n");
  const entries = lines.map((line): [string, string] => {
    const [, key = "", value = ""] = /^([a-z][a-z0-9_.[\]]*) = ((?:'[^']*'|"'+")+)$/.exec(line) ?? [];
    if (key === "") throw new Error(`not a line of a pool: ${line}`);
    return [key, value.replace(/'([^']*)'|"('+)"/g, (_all, plain?: string, marks?: string) => plain ?? marks ?? "")];
  });
  const pool = new Map([["section", section ?? ""], ...entries]);
  if (pool.size !== entries.length + 1) throw new Error("a directive stands there twice");
  return pool;
}
