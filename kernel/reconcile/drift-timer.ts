import type { Logger } from "@patchbay/sdk";
import type { Reconciler } from "./types.ts";

/** What another hand did is found twice a minute. Milliseconds. */
const everyMs = 30_000;

/** Looks for files that are not as they were applied, over and over. What is found is logged once, and told by `drift()`. */
export class DriftTimer {
  readonly #reconciler: Pick<Reconciler, "watchDrift">;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(reconciler: Pick<Reconciler, "watchDrift">, logger: Logger) {
    this.#reconciler = reconciler;
    this.#logger = logger;
  }

  start(): void {
    this.#plan();
  }

  /** Resolves when no look is under way any more. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#looking;
  }

  // Planned anew after each look: on a large server one may take longer than the pause.
  #plan(): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.#look();
    }, everyMs).unref();
  }

  async #look(): Promise<void> {
    try {
      await this.#reconciler.watchDrift();
    } catch (error) {
      this.#logger.warn("files could not be compared with what was applied", { error });
    }
    if (this.#timer !== undefined) this.#plan();
  }
}
