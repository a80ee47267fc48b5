import { createHash } from "node:crypto";
import type { Probe, Rendered, ServiceRef, Unit } from "@patchbay/sdk";
import type { ServiceName } from "@patchbay/sdk/privileged";
import stringify from "safe-stable-stringify";

/** Ledger key of what a provider needs whatever its units are. */
export const baseKey = "";
/** Ledger owner of the files that prove a reload. Sorts before every key of a unit. */
export const generationKey = "\u0001generation";
/** Ledger owner of files that somebody else made and an admin accepted. */
export const adoptedKey = "\u0001adopted";

/**
 * Why a provider holds a unit: it is the `chosen` one, the unit is `assigned` to it, it was `prepared` before a switch, or it
 * is the front and has to `relay` to the one the unit is assigned to. `base` is no unit.
 */
export type Role = "base" | "chosen" | "assigned" | "prepared" | "relay";

/** What a unit was rendered to when it was applied. */
export interface Footprint {
  readonly files: readonly string[];
  readonly lines: readonly { readonly file: string; readonly key: string }[];
  readonly services: readonly ServiceRef[];
  readonly probes: readonly Probe[];
}

/** A unit as it was applied last at one provider. */
export interface LedgerUnit {
  readonly slot: string;
  readonly key: string;
  readonly plugin: string;
  readonly role: Role;
  readonly unit: Unit;
  /** Empty: not known to be live. */
  readonly hash: string;
  readonly rendered: Footprint;
}

/** One unit that has to be brought to its desired state at one provider. */
export interface Item {
  readonly slot: string;
  readonly key: string;
  readonly plugin: string;
  readonly role: Role;
  /** Null: to be removed. */
  readonly unit: Unit | null;
  readonly hash: string;
  readonly rendered: Rendered;
  /** At the same provider. */
  readonly before: LedgerUnit | undefined;
}

/** True when the unit itself, not only how it is rendered, differs from what was applied. */
export function isUnitChanged(item: Item): boolean {
  return item.unit === null || item.before?.hash !== item.hash;
}

/** True when the ledger says of the unit what it should. What was prepared becomes chosen all at once, with the choice. */
export function isRoleKept(before: LedgerUnit, role: Role): boolean {
  return before.role === role || (before.role === "prepared" && role === "chosen");
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

/** Names a unit, for use as a map key. */
export function markId({ slot, key }: { readonly slot: string; readonly key: string }): string {
  return `${slot}\n${key}`;
}

/** Names what a provider holds of a unit, for use as a map key. */
export function ownerId(plugin: string, mark: { readonly slot: string; readonly key: string }): string {
  return `${plugin}\n${markId(mark)}`;
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
  return sha256(stringify(data) ?? "null");
}
