import { defineQuery, type Operation } from "@patchbay/sdk";
import * as v from "valibot";
import { examine } from "./doctor.ts";
import type { FaultLog } from "./fault-log.ts";
import type { Generation } from "./generation.ts";
import { isThere } from "./installed.ts";
import { type PluginStanding, versionOf } from "./inventory.ts";
import type { LivePlugins } from "./live.ts";
import { isolationOf, type Shelf } from "./shelf.ts";

export interface PluginViewRooms {
  readonly live: Pick<LivePlugins, "list" | "get" | "generation">;
  readonly log: Pick<FaultLog, "recent" | "counts">;
  readonly shelf: Pick<Shelf, "importedVersion">;
}

export const adminOnly = { callers: ["admin"] } as const;
export const pluginId = v.pipe(v.string(), v.maxLength(64));
export const pluginState = v.picklist(["unapproved", "disabled", "active", "degraded", "quarantined", "broken"]);

const source = v.picklist(["bundled", "installed"]);
const isolation = v.picklist(["kernel", "process"]);
const provides = v.array(v.strictObject({ slot: v.string(), as: v.string() }));
const faultView = v.strictObject({ at: v.string(), kind: v.string(), where: v.string(), message: v.string() });

const summaryView = {
  id: v.string(),
  title: v.string(),
  version: v.string(),
  source,
  isolation,
  state: pluginState,
  /** Why it is quarantined or broken. */
  reason: v.nullable(v.string()),
  provides,
};

/** What there is of plugins, and how each stands. */
export function pluginViews(rooms: PluginViewRooms): readonly Operation[] {
  return [listOf(rooms), infoOf(rooms), doctorOf(rooms)];
}

function listOf({ live, log }: PluginViewRooms): Operation {
  return defineQuery({
    id: "plugins.list",
    summary: "The plugins there are, and how each stands",
    access: adminOnly,
    rate: "standard",
    input: v.strictObject({}),
    /** `faults`: how many are kept in its log, at most 50. */
    output: v.array(v.strictObject({ ...summaryView, faults: v.number() })),
    handle: async () => {
      const counts = await log.counts();
      return live.list().map((standing) => {
        return { ...summaryOf(standing, live.generation()), faults: counts.get(standing.known.id) ?? 0 };
      });
    },
  });
}

const infoView = v.strictObject({
  ...summaryView,
  /** SDK range it is made for. */
  sdk: v.string(),
  requires: v.array(v.string()),
  required_by: v.array(v.string()),
  packages: v.array(v.strictObject({ apt: v.string(), reason: v.string(), installed: v.boolean() })),
  grants: v.strictObject({
    services: v.array(v.strictObject({ name: v.string(), title: v.string(), user: v.string() })),
    tree: v.boolean(),
    invoke: v.array(v.string()),
  }),
  /** Memory its process may use. MiB. */
  memory_mb: v.number(),
  /** How many of each kind it contributes; empty while it does not run. */
  contributions: v.record(v.string(), v.number()),
  signer: v.nullable(v.string()),
  /** Version that waits to be approved. */
  pending: v.nullable(v.string()),
  problems: v.array(v.string()),
  faults: v.array(faultView),
});

function infoOf(rooms: PluginViewRooms): Operation {
  const { live, log } = rooms;
  return defineQuery({
    id: "plugins.info",
    summary: "What a plugin is, asks for and contributes, and what went wrong with it",
    access: adminOnly,
    rate: "standard",
    input: v.strictObject({ id: pluginId }),
    output: infoView,
    errors: ["NOT_FOUND"],
    handle: async ({ id }) => {
      const standing = live.get(id);
      const faults = await log.recent(id);
      return {
        ...summaryOf(standing, live.generation()),
        ...asksFor(standing, live.generation()),
        required_by: live
          .list()
          .flatMap(({ known }) => (known.found?.manifest.requires.includes(id) ? [known.id] : [])),
        contributions: { ...live.generation().contributionsOf(id) },
        signer: standing.known.signer,
        pending: standing.known.pending,
        problems: [...standing.problems],
        faults: faults.map(({ at, kind, where, message }) => ({
          at: new Date(at).toISOString(),
          kind,
          where,
          message,
        })),
      };
    },
  });
}

function doctorOf({ live, log, shelf }: PluginViewRooms): Operation {
  return defineQuery({
    id: "plugins.doctor",
    summary: "What is wrong with the plugins, or one of them, and what mends it",
    access: adminOnly,
    rate: "standard",
    input: v.strictObject({ id: v.optional(pluginId) }),
    output: v.array(
      v.strictObject({
        plugin: v.string(),
        level: v.picklist(["ok", "warning", "error"]),
        what: v.string(),
        /** What an admin can do about it. */
        mend: v.nullable(v.string()),
      }),
    ),
    errors: ["NOT_FOUND"],
    handle: async ({ id }) => {
      const standings = id === undefined ? live.list() : [live.get(id)];
      const findings = [];
      for (const standing of standings) {
        const { known } = standing;
        const facts = { faults: await log.recent(known.id), imported: shelf.importedVersion(known.id) };
        findings.push(...examine(standing, facts).map((finding) => ({ plugin: known.id, ...finding })));
      }
      return findings;
    },
  });
}

function summaryOf({ known, reason, state }: PluginStanding, generation: Generation) {
  const { found, id, source: from } = known;
  return {
    id,
    title: found?.manifest.title ?? id,
    version: versionOf(known, generation),
    source: from,
    isolation: found ? isolationOf(found, from) : from === "installed" ? ("process" as const) : ("kernel" as const),
    state,
    reason,
    provides: [...(found?.manifest.provides ?? [])],
  };
}

function asksFor({ known }: PluginStanding, generation: Generation) {
  const manifest =
    known.found?.manifest ?? generation.plugins.find((plugin) => plugin.manifest.id === known.id)?.manifest;
  const services = Object.entries(manifest?.grants.services ?? {});
  return {
    sdk: manifest?.sdk ?? "",
    requires: [...(manifest?.requires ?? [])],
    packages: (manifest?.packages ?? []).map(({ apt, binary, reason }) => ({
      apt,
      reason,
      installed: isThere(binary),
    })),
    grants: {
      services: services.map(([name, { title, user }]) => ({ name, title, user })),
      tree: manifest?.grants.tree ?? false,
      invoke: [...(manifest?.grants.invoke ?? [])],
    },
    memory_mb: manifest?.memoryMb ?? 0,
  };
}
