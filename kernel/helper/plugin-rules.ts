import { dirname, normalize } from "node:path";
import type { ServiceGrant } from "@patchbay/sdk";
import type { PrivilegedInput } from "@patchbay/sdk/privileged";
import type { Layout } from "./layout.ts";
import { isRootsAlone } from "./program-owner.ts";

/** What an installed plugin asks the helper for. */
export type AskedManifest = PrivilegedInput<"plugin.admit">["manifest"];

/** What is to be said about the grants a plugin asks for. */
export interface GrantReview {
  /** Never granted. For people: names the service and the rule. */
  readonly refusals: readonly string[];
  /** Granted only when root says so on the server itself. */
  readonly root: readonly string[];
}

const mostServices = 8;
const mostWords = 64;
const longestWord = 1024;
const longestPattern = 100;
const known = /\{(tree|run|log|state|instance|1|2)\}/g;
/** Everybody may put files there. */
const shared = ["/tmp", "/var/tmp", "/dev/shm", "/proc", "/home"];
/**
 * Characters, classes and groups, each character or class at most once quantified and no group: matching takes no longer than
 * the name is long, whatever the name.
 */
const pattern = /^\^?(?:\(|\)|(?:[a-z0-9-]|\\[.d]|\[[a-z0-9.-]+\])(?:[+*?]|\{\d{1,2}(?:,\d{1,2})?\})?)+\$?$/;
const mostQuantified = 4;

/**
 * Judges what a plugin that was installed asks for. The kernel asks to tell the admin; the helper asks again and goes by its
 * own answer. Looks at the owners of programs, so it must run on the server itself.
 */
export function reviewGrants({ grants }: AskedManifest, layout: Layout): GrantReview {
  const refusals: string[] = [];
  const root: string[] = [];
  const services = Object.entries(grants.services);
  if (services.length > mostServices) refusals.push(`asks for more than ${mostServices} services`);
  for (const [name, service] of services) {
    refusals.push(...brokenRules(service, layout).map((rule) => `the service ${name} ${rule}`));
    if (service.user === "root") root.push(`the service ${name} runs as root`);
    for (const program of new Set([service.argv[0] ?? "", service.test[0] ?? ""])) {
      if (program.startsWith("/") && !isRootsAlone(program)) {
        root.push(`the service ${name} runs ${program}, which is not root's alone to change`);
      }
    }
  }
  return { refusals, root };
}

function brokenRules(service: ServiceGrant, layout: Layout): string[] {
  const { argv, test, instance } = service;
  const groups = instance === undefined ? -1 : groupsOf(instance);
  const broken = [
    ...(groups === undefined ? ["has an instance pattern that is not plain enough"] : []),
    ...[argv, test].flatMap((words) => programRules(words, layout)),
    ...[argv.slice(1), test.slice(1)].flat().flatMap((word) => wordRules(word, groups ?? -1, layout)),
  ];
  if (argv.length > mostWords || test.length > mostWords) broken.push(`has more than ${mostWords} arguments`);
  if (service.stopTimeoutMs < 0 || service.stopTimeoutMs > 60_000) broken.push("may take at most 60 s to stop");
  return [...new Set(broken)];
}

function programRules([program = ""]: readonly string[], layout: Layout): string[] {
  if (!program.startsWith("/")) return ["names its program by no absolute path"];
  if (/[{}]/.test(program)) return ["fills something into the name of its program"];
  if (/\/(?:\/|\.{1,2}(?:\/|$))|\/$/.test(program)) return ["writes the path of its program in a roundabout way"];
  return isBelow(program, [...own(layout), ...shared]) ? ["runs a program of the panel's or a tenant's folders"] : [];
}

/** `groups`: of the instance pattern; -1 for a service without instances. */
function wordRules(word: string, groups: number, layout: Layout): string[] {
  const broken = [...strayRules(word, layout)];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  const odd = word.length > longestWord || /[\u0000-\u001f\u007f]/.test(word);
  if (odd) broken.push("has an argument that is no plain text");
  if (/[{}]/.test(word.replace(known, ""))) broken.push("has braces in an argument that stand for nothing");
  for (const [, name] of word.matchAll(known)) {
    const needs = name === "instance" ? 0 : /^\d$/.test(name ?? "") ? Number(name) : -1;
    if (needs > groups) broken.push(`uses {${name}}, which its instances do not have`);
  }
  return broken;
}

/**
 * Why an argument of an installed plugin's service leads where it may not. Asked again with the instance filled in: what it is
 * called is the plugin's choice too.
 */
export function strayRules(word: string, layout: Layout): string[] {
  const broken: string[] = [];
  const whole = word.replace(/\{(?:tree|run|log|state)\}/g, "/own").replace(known, "");
  if (/(?:^|[/=:,])\.\.(?:[/=:,]|$)/.test(whole)) broken.push("goes up with .. in an argument");
  if (/[A-Za-z0-9._/}-]\{(?:tree|run|log|state)\}/.test(word.replace(/^-[A-Za-z](?=\{)/, ""))) {
    broken.push("puts other text before a directory in an argument");
  }
  // Daemons are started in their tree, but a program may go to the root directory before it opens a relative path.
  const paths = word.split(/(?<=[^A-Za-z0-9._/-])(?=\/)|(?<=^-[A-Za-z])(?=\/)/).map((path) => normalize(`/${path}`));
  if (paths.some((path) => isBelow(path, [...own(layout), ...shared]))) {
    broken.push("has an argument in the panel's or a tenant's folders; use {tree}, {run}, {log} or {state}");
  }
  return broken;
}

/** How many groups a pattern has; undefined for one that is not allowed. */
function groupsOf(text: string): number | undefined {
  if (text.length > longestPattern || !pattern.test(text)) return undefined;
  if ((text.match(/[+*?]|,\d/g) ?? []).length > mostQuantified) return undefined;
  try {
    new RegExp(`^(?:${text})$`);
  } catch {
    return undefined;
  }
  return (text.match(/\(/g) ?? []).length;
}

function own(layout: Layout): readonly string[] {
  const { etc, run, log, state, homes, archive, helper } = layout;
  return [dirname(helper), etc, run, log, state, homes, archive];
}

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => `${path}/`.startsWith(`${folder}/`));
}
