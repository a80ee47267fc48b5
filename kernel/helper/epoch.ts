import { readJson, writeDurable } from "./durable.ts";
import { HelperError } from "./errors.ts";

/** Numbers the kernels. Once a later one has said hello, nothing that an earlier one still asks for is done. */
export class EpochFence {
  readonly #path: string;
  #highest: number;

  constructor(path: string) {
    this.#path = path;
    const stored = (readJson(path) as { epoch?: unknown } | undefined)?.epoch;
    this.#highest = typeof stored === "number" ? stored : 0;
  }

  /** Throws `terminal` for a kernel that is older than one seen before. */
  admit(epoch: number): void {
    this.assertCurrent(epoch);
    if (epoch === this.#highest) return;
    writeDurable(this.#path, JSON.stringify({ epoch }));
    this.#highest = epoch;
  }

  assertCurrent(epoch: number): void {
    if (epoch < this.#highest) throw new HelperError("terminal", "a later kernel has taken over");
  }
}
