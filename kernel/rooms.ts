import { createOwnership } from "./access/ownership.ts";
import { createAudit } from "./audit/audit.ts";
import { createAuth } from "./auth/auth.ts";
import { createSystemFacts } from "./host/system-facts.ts";
import { createJobs } from "./jobs/jobs.ts";
import { createOutbox } from "./jobs/outbox.ts";
import { createSchedules } from "./jobs/schedules.ts";
import type { ActiveGeneration, KernelParts } from "./parts.ts";
import { createQuotas } from "./quotas/quotas.ts";
import { createSettings, type Settings } from "./settings/settings.ts";
import { slotOptions } from "./slots/slot-options.ts";
import { createAnchorFile } from "./storage/anchor-file.ts";

/** The rooms that stand on the foundation alone, and ask the active generation for what plugins declare. */
export type Rooms = ReturnType<typeof createRooms>;

export function createRooms({ instance, foundation }: KernelParts, generation: ActiveGeneration) {
  const { storage, clock, ids, sealer, logger } = foundation;
  const system = createSystemFacts(instance);
  const anchor = createAnchorFile(instance.panel);
  const jobs = createJobs({ storage, clock, ids, logger });
  return {
    system,
    jobs,
    audit: createAudit({ storage, sealer, clock, ids, anchor, logger }),
    auth: createAuth({ storage, clock, ids, sealer, accountOfUser: () => generation().accountOfUser, system }),
    ownership: createOwnership({
      read: storage.read,
      objectTypes: () => generation().objects,
      onWrite: (listener) => storage.onWrite(listener),
    }),
    quotas: createQuotas({ meters: () => generation().meters, limits: () => generation().limits }),
    settings: openSettings({ foundation }, generation),
    outbox: createOutbox(jobs, () => generation().hooks),
    schedules: createSchedules({ storage, clock, logger, jobs }),
  };
}

function openSettings({ foundation }: Pick<KernelParts, "foundation">, generation: ActiveGeneration): Settings {
  const providedBy = (plugin: string) =>
    generation()
      .slots.order.filter(({ candidates }) => candidates.some((candidate) => candidate.plugin === plugin))
      .map(({ slot }) => slot.id);
  return createSettings({
    storage: foundation.storage,
    sealer: foundation.sealer,
    declared: () => generation().settings,
    choices: () => slotOptions(generation().slots),
    pluginSettings: () => generation().pluginSettings,
    slotsOf: providedBy,
  });
}
