import type { ServiceName } from "@patchbay/sdk/privileged";
import type { Item } from "./item.ts";
import { baseKey, fileId, serviceId } from "./item.ts";
import type { Merge } from "./merge.ts";
import type { PlanStep } from "./types.ts";

/** One step for each unit, file and service of a merge. */
export function toSteps(slot: string, merge: Merge, diffs: ReadonlyMap<string, string> = new Map()): PlanStep[] {
  const starting = new Set(merge.start.map(serviceId));
  return [
    ...merge.effective.filter((item) => item.key !== baseKey).map(toUnitStep),
    ...merge.files.map(({ record, content }): PlanStep => {
      const diff = diffs.get(fileId(record.plugin, record.path));
      const action = content === null ? "delete" : "write";
      return { slot, unit: record.key, action, target: record.path, ...(diff === undefined ? {} : { diff }) };
    }),
    ...merge.stop.map((service) => toServiceStep(slot, "stop", service)),
    ...merge.reload.map((service) => {
      return toServiceStep(slot, starting.has(serviceId(service)) ? "start" : "reload", service);
    }),
  ];
}

export function toUnitStep(item: Item): PlanStep {
  const action = item.unit === null ? "remove" : item.before === undefined ? "create" : "update";
  return { slot: item.slot, unit: item.key, action, target: item.key };
}

export function toServiceStep(slot: string, action: "start" | "stop" | "reload", service: ServiceName): PlanStep {
  const target = service.instance === undefined ? service.service : `${service.service}@${service.instance}`;
  return { slot, unit: "", action, target };
}
