import type { FoundPlugin } from "./manifest.ts";

/** `bundled`: comes with the panel. `installed`: an admin installed it into `DIR/plugins`. */
export type PluginSource = "bundled" | "installed";

/**
 * What becomes of a plugin. `unapproved`: installed, and no admin has said yes to what it asks for. `disabled`: an admin does
 * not want it. `active`. `degraded`: active, and failing so often that it is about to be quarantined. `quarantined`: the panel
 * took it out because it kept failing; an admin may enable it again. `broken`: it cannot be loaded, and `problems` say why.
 */
export type PluginState = "unapproved" | "disabled" | "active" | "degraded" | "quarantined" | "broken";

/** One plugin there is, before any of its code runs. */
export interface KnownPlugin {
  readonly id: string;
  readonly source: PluginSource;
  /** Undefined: its manifest cannot be read, and `problems` say why. */
  readonly found: FoundPlugin | undefined;
  /** What is wrong with it by itself: manifest, SDK range, files. Empty: it can be loaded. */
  readonly problems: readonly string[];
  /** An admin has said yes to what it asks for. What is bundled needs no word. */
  readonly approved: boolean;
  /** Name or key of who signed it; null: nobody, or it is bundled. */
  readonly signer: string | null;
  /** A version that was installed beside it and waits to be approved. */
  readonly pending: string | null;
}
