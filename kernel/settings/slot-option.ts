import type { SlotChoice } from "@patchbay/sdk";

/** A slot option with the backends there are for it. */
export interface SlotOption {
  /** Server option, `web_server`. */
  readonly option: string;
  readonly slot: string;
  readonly title: string;
  /** True: `none` may be chosen too. */
  readonly optional: boolean;
  readonly providers: SlotChoice["providers"];
  /** Provider while nothing was saved; undefined when none is installed. */
  readonly fallback?: string | undefined;
}
