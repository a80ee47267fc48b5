import type { ServiceName } from "@patchbay/sdk/privileged";
import { serviceName } from "@patchbay/sdk/privileged";
import * as v from "valibot";
import { readJson, writeWhole } from "./durable.ts";
import { bootId } from "./processes.ts";

const record = v.object({
  name: serviceName,
  pid: v.nullable(v.number()),
  startTime: v.string(),
  /** A start was under way: there may be a process that is not recorded. */
  starting: v.boolean(),
  desired: v.picklist(["running", "stopped"]),
});
const file = v.object({ boot: v.string(), services: v.array(record) });

/** What is known of one service across restarts of the helper. */
export interface ServiceRecord {
  readonly name: ServiceName;
  readonly pid: number | null;
  readonly startTime: string;
  readonly starting: boolean;
  readonly desired: "running" | "stopped";
}

/** The list of daemons on disk, so that the next helper finds them again. */
export class Registry {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Empty after a reboot: pids of another boot mean nothing. */
  load(): ServiceRecord[] {
    const parsed = v.safeParse(file, readJson(this.#path));
    return parsed.success && parsed.output.boot === bootId() ? parsed.output.services : [];
  }

  save(services: readonly ServiceRecord[]): void {
    writeWhole(this.#path, JSON.stringify({ boot: bootId(), services }));
  }
}
