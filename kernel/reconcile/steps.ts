import type { ServiceName } from "@patchbay/sdk/privileged";
import type { Item } from "./item.ts";
import { serviceId } from "./item.ts";
import type { Merge } from "./merge.ts";
import type { PlanStep } from "./types.ts";

/** One step for each unit, file and service of a merge. */
export function toSteps(slot: string, merge: Merge, diffs: ReadonlyMap<string, string> = new Map()): PlanStep[] {
  const starting = new Set(merge.start.map(serviceId));
  return [
    ...merge.effective.filter((item) => item.key !== "").map(toUnitStep),
    ...merge.files.map(({ record, content }): PlanStep => {
      const diff = diffs.get(record.path);
      const action = content === null ? "delete" : "write";
      return { slot, unit: record.key, action, target: record.path, ...(diff === undefined ? {} : { diff }) };
    }),
    ...merge.stop.map((service): PlanStep => ({ slot, unit: "", action: "stop", target: serviceTitle(service) })),
    ...merge.reload.map((service): PlanStep => {
      const action = starting.has(serviceId(service)) ? "start" : "reload";
      return { slot, unit: "", action, target: serviceTitle(service) };
    }),
  ];
}

export function toUnitStep(item: Item): PlanStep {
  const action = item.unit === null ? "remove" : item.before === undefined ? "create" : "update";
  return { slot: item.slot, unit: item.key, action, target: item.key };
}

function serviceTitle(service: ServiceName): string {
  return service.instance === undefined ? service.service : `${service.service}@${service.instance}`;
}
