import type { Manifest } from "@patchbay/sdk";
import * as v from "valibot";

const service = v.strictObject({
  name: v.string(),
  title: v.string(),
  user: v.picklist(["root", "web"]),
  argv: v.array(v.string()),
  /** The rest of the grant, as it was written: any difference is another grant. */
  more: v.string(),
});

const asksSchema = v.strictObject({
  isolation: v.picklist(["kernel", "process"]),
  memoryMb: v.number(),
  requires: v.array(v.string()),
  packages: v.array(v.strictObject({ apt: v.string(), reason: v.string() })),
  services: v.array(service),
  tree: v.boolean(),
  invoke: v.array(v.string()),
  /** Key of who signed it. */
  signer: v.nullable(v.string()),
});

/** Everything an installed plugin asks an admin for. */
export type Asks = v.InferOutput<typeof asksSchema>;

/** What the manifest of an installed plugin asks for. */
export function asksOf(manifest: Manifest, signer: string | null): Asks {
  const { isolation, memoryMb, requires, packages, grants } = manifest;
  return {
    isolation: isolation ?? "process",
    memoryMb,
    requires: [...requires],
    packages: packages.map(({ apt, reason }) => ({ apt, reason })),
    services: Object.entries(grants.services).map(([name, { title, user, argv, ...more }]) => ({
      name,
      title,
      user,
      argv: [...argv],
      more: JSON.stringify(Object.entries(more).sort(([a], [b]) => (a < b ? -1 : 1))),
    })),
    tree: grants.tree,
    invoke: [...grants.invoke],
    signer,
  };
}

/** What `now` asks for beyond what was approved, in words. Empty: the approval still holds. */
export function asksForMore(approved: Asks, now: Asks): string[] {
  const added = (before: readonly string[], after: readonly string[]) => after.filter((one) => !before.includes(one));
  const more: string[] = [];
  if (now.isolation === "kernel" && approved.isolation !== "kernel") more.push("to run in the panel's own process");
  if (now.memoryMb > approved.memoryMb) more.push(`memory: ${now.memoryMb} MiB instead of ${approved.memoryMb}`);
  for (const id of added(approved.requires, now.requires)) more.push(`to work with ${id}`);
  const packages = (asks: Asks) => asks.packages.map(({ apt }) => apt);
  for (const apt of added(packages(approved), packages(now))) more.push(`the system package ${apt}`);
  for (const asked of now.services) {
    const before = approved.services.find(({ name }) => name === asked.name);
    if (before === undefined) more.push(`to run the service ${asked.name}`);
    else if (grantText(before) !== grantText(asked)) more.push(`to run the service ${asked.name} in another way`);
  }
  if (now.tree && !approved.tree) more.push("a configuration tree");
  for (const id of added(approved.invoke, now.invoke)) more.push(`to call ${id} in its own name`);
  if (now.signer !== approved.signer)
    more.push(now.signer === null ? "to be trusted unsigned" : "to be trusted with another key");
  return more;
}

/** Reads what `JSON.stringify` made of asks; undefined when it is none. */
export function parseAsks(text: string): Asks | undefined {
  try {
    const parsed = v.safeParse(asksSchema, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

function grantText({ user, argv, more }: Asks["services"][number]): string {
  return JSON.stringify([user, argv, more]);
}
