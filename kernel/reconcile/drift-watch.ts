import type { Clock, Logger } from "@patchbay/sdk";
import type { Found } from "./difference.ts";
import type { Drift } from "./types.ts";

interface Known {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly isFile: boolean;
}

/** Remembers since when each difference has been there, as far as this process has seen. */
export class DriftWatch {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #known: ReadonlyMap<string, Known> = new Map();

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  isKnown({ drift }: Found): boolean {
    return this.#known.has(drift.id);
  }

  /** Takes note of all that was found, logs what is new, and says since when each is known. */
  note(found: readonly Found[], looked: "files" | "everything"): readonly Drift[] {
    const now = this.#clock.now();
    const unseen = [...this.#known].filter(([, { isFile }]) => looked === "files" && !isFile);
    const known = new Map<string, Known>(unseen);
    const drifts = found.map(({ drift, file }) => {
      const since = this.#known.get(drift.id)?.since ?? now;
      const { plugin, target, kind } = drift;
      if (!this.#known.has(drift.id))
        this.#logger.warn("something was changed by another hand", { plugin, target, kind });
      known.set(drift.id, { since, isFile: file !== undefined });
      return { ...drift, since: new Date(since).toISOString() };
    });
    this.#known = known;
    return drifts;
  }
}
