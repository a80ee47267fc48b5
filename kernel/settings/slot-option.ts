import type { SlotChoice } from "@patchbay/sdk";

/** A slot option with the backends there are for it. */
export interface SlotOption {
  /** Server option, `web_server`. */
  readonly option: string;
  readonly slot: string;
  readonly title: string;
  readonly providers: SlotChoice["providers"];
  /** Provider while nothing was saved. Default: the first that is installed. */
  readonly fallback?: string | undefined;
}
