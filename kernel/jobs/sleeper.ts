export interface Sleeper {
  /** Resolves after so many milliseconds or when woken, whichever is first. A wake while nobody sleeps is remembered. */
  sleep(milliseconds: number): Promise<void>;
  wake(): void;
}

export function createSleeper(): Sleeper {
  let awake = false;
  let rise: (() => void) | undefined;
  return {
    sleep: async (milliseconds) => {
      let timer: NodeJS.Timeout | undefined;
      if (!awake) {
        await new Promise<void>((resolve) => {
          rise = resolve;
          timer = setTimeout(resolve, Math.max(0, milliseconds));
        });
      }
      clearTimeout(timer);
      awake = false;
      rise = undefined;
    },
    wake: () => {
      awake = true;
      rise?.();
    },
  };
}
