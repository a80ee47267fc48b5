import { conflict, PanelError } from "@patchbay/sdk";
import type { LoadedPlugin } from "./load.ts";
import type { FoundPlugin } from "./manifest.ts";
import type { Shelf } from "./shelf.ts";
import type { KnownPlugin } from "./types.ts";

/** Throws PLUGIN_UNAPPROVED or PLUGIN_REFUSED (409) for a plugin that cannot be loaded as it is. */
export function assertLoadable({ approved, found, id, problems }: KnownPlugin): FoundPlugin {
  if (!approved) throw conflict("PLUGIN_UNAPPROVED", `${id} has not been approved yet. See \`plugins/approve\`.`);
  if (!found || problems.length > 0) throw refused(problems);
  return found;
}

/** The code of a plugin. Rejects with PLUGIN_REFUSED (409). */
export async function loadOrRefuse(shelf: Shelf, { source }: KnownPlugin, found: FoundPlugin): Promise<LoadedPlugin> {
  try {
    return await shelf.load(found, source);
  } catch (error) {
    throw refused([(error as Error).message]);
  }
}

/** 409 with everything that is wrong. */
export function refused(problems: readonly string[]): PanelError {
  return new PanelError("PLUGIN_REFUSED", {
    status: 409,
    message: `Nothing was changed: ${problems.join("; ")}.`,
    details: { problems },
  });
}
