import type { Mark } from "../storage/types.ts";
import { markId } from "./item.ts";

/** Counts what is left to do of each unit, at however many providers. */
export class Outstanding {
  readonly #left = new Map<string, number>();

  add(mark: Mark): void {
    this.#left.set(markId(mark), (this.#left.get(markId(mark)) ?? 0) + 1);
  }

  has(mark: Mark): boolean {
    return this.#left.has(markId(mark));
  }

  /** One thing of this unit is done. True when it was the last. */
  done(mark: Mark): boolean {
    const left = (this.#left.get(markId(mark)) ?? 1) - 1;
    if (left > 0) this.#left.set(markId(mark), left);
    else this.#left.delete(markId(mark));
    return left <= 0;
  }
}
