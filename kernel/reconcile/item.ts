import { createHash } from "node:crypto";
import type { Probe, Rendered, ServiceRef, Unit } from "@patchbay/sdk";
import type { ServiceName } from "@patchbay/sdk/privileged";

/** Ledger key of what a provider needs whatever its units are. */
export const baseKey = "";
/** Ledger owner of the files that prove a reload. Sorts before every key of a unit. */
export const generationKey = "\u0001generation";

/** What a unit was rendered to when it was applied. */
export interface Footprint {
  readonly files: readonly string[];
  readonly lines: readonly { readonly file: string; readonly key: string }[];
  readonly services: readonly ServiceRef[];
  readonly probes: readonly Probe[];
}

/** A unit as it was applied last. */
export interface LedgerUnit {
  readonly slot: string;
  readonly key: string;
  readonly plugin: string;
  readonly unit: Unit;
  /** Empty: not known to be live. */
  readonly hash: string;
  readonly rendered: Footprint;
}

/** One unit that has to be brought to its desired state. */
export interface Item {
  readonly slot: string;
  readonly key: string;
  /** The plugin that serves it from now on; for a removal, that served it. */
  readonly plugin: string;
  /** Null: to be removed. */
  readonly unit: Unit | null;
  readonly hash: string;
  readonly rendered: Rendered;
  readonly before: LedgerUnit | undefined;
}

/** True when the unit itself, not only how it is rendered, differs from what was applied. */
export function isUnitChanged(item: Item): boolean {
  return item.unit === null || item.before?.hash !== item.hash || item.before.plugin !== item.plugin;
}

export function footprint(rendered: Rendered): Footprint {
  return {
    files: (rendered.files ?? []).map((file) => file.path),
    lines: (rendered.lines ?? []).map(({ file, key }) => ({ file, key })),
    services: rendered.services ?? [],
    probes: rendered.probes ?? [],
  };
}

/** Names something in a plugin's tree, for use as a map key. */
export function fileId(plugin: string, path: string): string {
  return `${plugin}\n${path}`;
}

export function serviceId(service: ServiceName): string {
  return `${service.plugin}\n${service.service}\n${service.instance ?? ""}`;
}

export function toServiceName(plugin: string, ref: ServiceRef): ServiceName {
  return ref.instance === undefined
    ? { plugin, service: ref.service }
    : { plugin, service: ref.service, instance: ref.instance };
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The same for equal data, whatever the order of its keys. */
export function hashOf(data: unknown): string {
  return sha256(JSON.stringify(data, sortKeys) ?? "null");
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
