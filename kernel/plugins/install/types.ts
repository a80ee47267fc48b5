import type { ChangeContext, Manifest, Migration, Operation } from "@patchbay/sdk";
import type { FoundPlugin } from "../manifest.ts";
import type { PluginSource } from "../types.ts";

/** An installed plugin that is ready to be loaded. `found.dir` is the folder of its package.json. */
export interface OpenedInstall {
  readonly found: FoundPlugin;
  /** Absolute, the file to import. */
  readonly entry: string;
}

/** What installing needs of the running plugins. */
export interface InstallHost {
  /** Every plugin the panel knows, bundled and installed, loaded or not, with its manifest as it was found. */
  known(): readonly { readonly manifest: Manifest; readonly source: PluginSource }[];
  /**
   * Runs this version from now on when the plugin is active, else does nothing. Rejects, with nothing changed, with
   * PLUGIN_REFUSED (409). Not to be called inside a change.
   */
  replace(opened: OpenedInstall): Promise<void>;
}

export interface InstalledRecord {
  readonly id: string;
  /** npm name. */
  readonly package: string;
  readonly version: string;
  readonly digest: string;
  readonly approved: boolean;
  readonly signer: string | null;
  /** Version that waits for approval. */
  readonly pending: string | null;
}

/** The plugins below `DIR/plugins`. */
export interface Installs {
  /** `plugins.install`, `plugins.approve`. */
  readonly operations: readonly Operation[];
  /** Applied before anything else here is called. */
  readonly migrations: readonly Migration[];
  /** Called once at start: finishes or takes back an update that a crash cut off. */
  recover(): Promise<void>;
  list(): Promise<readonly InstalledRecord[]>;
  /** Checks manifest and files of one. Never throws for a bad plugin. */
  open(id: string): Promise<OpenedInstall | { readonly problems: readonly string[] }>;
  /** For `plugins.remove`: what is on the machine. Called when the plugin is in no generation any more. */
  removeFiles(id: string): Promise<void>;
  /** For `plugins.remove`: what is in the database, in the operation's change. */
  removeRow(change: Pick<ChangeContext, "read" | "intents">, id: string): Promise<void>;
}
