import { setTimeout as sleep } from "node:timers/promises";

/** Wakes one sleeper. Wakes that come while nobody sleeps are kept, as one. */
export class Signal {
  #woken = false;
  #wakes = 0;
  #wakeUp: (() => void) | undefined;

  wake(): void {
    this.#woken = true;
    this.#wakes += 1;
    this.#wakeUp?.();
  }

  /** Resolves at the next wake, or after `timeoutMs`. */
  async wait(timeoutMs: number | undefined): Promise<void> {
    if (!this.#woken) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wakeUp = resolve;
        if (timeoutMs !== undefined) timer = setTimeout(resolve, timeoutMs).unref();
      });
      clearTimeout(timer);
      this.#wakeUp = undefined;
    }
    this.#woken = false;
  }

  /** When it was woken since the last `wait`: resolves once no wake has come for `ms`, at the latest after `atMostMs`. */
  async quiet(ms: number, atMostMs: number): Promise<void> {
    if (!this.#woken) return;
    this.#woken = false;
    for (let left = atMostMs; left > 0; left -= ms) {
      const before = this.#wakes;
      await sleep(ms);
      if (this.#wakes === before) return;
    }
  }
}
