import { createOwnership } from "./access/ownership.ts";
import { createAudit } from "./audit/audit.ts";
import { createAuth } from "./auth/auth.ts";
import type { HookTable } from "./hooks/hook-table.ts";
import { createSystemFacts } from "./host/system-facts.ts";
import { createJobs } from "./jobs/jobs.ts";
import { createOutbox, type Outbox } from "./jobs/outbox.ts";
import { createSchedules } from "./jobs/schedules.ts";
import type { ActiveGeneration, KernelParts, PluginNeeds } from "./parts.ts";
import { createSettings, type SettingsDeclared } from "./settings/settings.ts";
import { slotOptions } from "./slots/slot-options.ts";
import { createAnchorFile } from "./storage/anchor-file.ts";

/** The rooms that stand on the foundation alone, and ask the active generation for what plugins declare. */
export type Rooms = ReturnType<typeof createRooms>;

export function createRooms({ instance, foundation }: KernelParts, { generation, onThrown }: PluginNeeds) {
  const { storage, clock, ids, sealer, logger } = foundation;
  const system = createSystemFacts(instance);
  const anchor = createAnchorFile(instance.panel);
  const jobs = createJobs({ storage, clock, ids, logger });
  const outbox = createOutbox(jobs, () => generation().hooks);
  const liveHooks = hooksOf(generation, outbox);
  return {
    system,
    jobs,
    audit: createAudit({ storage, sealer, clock, ids, anchor, logger }),
    auth: createAuth({
      storage,
      clock,
      ids,
      sealer,
      system,
      accountOfUser: () => generation().accountOfUser,
      hooks: liveHooks,
    }),
    ownership: createOwnership({
      read: storage.read,
      objectTypes: () => generation().objects,
      onWrite: (listener) => storage.onWrite(listener),
    }),
    settings: createSettings({ storage, sealer, ...declaredBy(generation) }),
    outbox,
    liveHooks,
    schedules: createSchedules({ storage, clock, logger, jobs, onThrown }),
  };
}

/** The hooks of whichever generation is active when they are asked, for rooms outside of the pipeline. */
function hooksOf(generation: ActiveGeneration, outbox: Outbox): Pick<HookTable, "has" | "veto"> & Pick<Outbox, "emit"> {
  return {
    has: (hookId) => generation().hooks.has(hookId),
    veto: (hook, payload) => generation().hooks.veto(hook, payload),
    emit: (db, hook, payload, heldBy) => outbox.emit(db, hook, payload, heldBy),
  };
}

/** What the settings are told of a generation. */
export function declaredBy(generation: ActiveGeneration): SettingsDeclared {
  const providedBy = (plugin: string) =>
    generation()
      .slots.order.filter(({ candidates }) => candidates.some((candidate) => candidate.plugin === plugin))
      .map(({ slot }) => slot.id);
  return {
    declared: () => generation().settings,
    choices: () => slotOptions(generation().slots),
    pluginSettings: () => generation().pluginSettings,
    slotsOf: providedBy,
  };
}
