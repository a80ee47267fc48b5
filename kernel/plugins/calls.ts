/** Counts the calls that run on one generation, so that what only it needs can end with the last of them. */
export class Calls {
  #running = 0;
  #waiting: (() => void)[] = [];

  /** Returns what is to be called when the call has ended, once. */
  begin(): () => void {
    this.#running += 1;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#running -= 1;
      if (this.#running > 0) return;
      for (const resolve of this.#waiting.splice(0)) resolve();
    };
  }

  /** Resolves when no call runs, after `milliseconds` at the latest. */
  async idle(milliseconds: number): Promise<void> {
    if (this.#running === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      timer = setTimeout(resolve, milliseconds);
    });
    clearTimeout(timer);
  }
}
