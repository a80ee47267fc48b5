import { Services } from "@patchbay/sdk";
import type { Core } from "./core.ts";
import { createPackages } from "./host/packages.ts";
import type { ActiveGeneration, KernelParts } from "./parts.ts";
import type { Rooms } from "./rooms.ts";
import { type BackendsRoom, createBackends } from "./switching/backends.ts";
import { createSwitching, type SwitchingRoom } from "./switching/switching.ts";
import { K } from "./tokens.ts";

/** What installs backends, tells how they are, and changes which of them serves. Needs the services of `registerServices`. */
export function openBackends(
  { foundation, host }: KernelParts,
  core: Core & Pick<Rooms, "settings" | "outbox"> & { generation: ActiveGeneration },
): { readonly backends: BackendsRoom; readonly switching: SwitchingRoom } {
  const { root, outcomes, outbox, reconciler, settings, generation } = core;
  const { storage, ids, clock, logger } = foundation;
  const slots = () => generation().slots;
  return {
    backends: createBackends({
      settings,
      slots,
      services: root.use(Services),
      packages: createPackages(host.helper),
      host,
      logger,
      read: storage.read,
      manifest: (id) => generation().plugins.find(({ manifest }) => manifest.id === id)?.manifest,
    }),
    switching: createSwitching({
      storage,
      ids,
      clock,
      logger,
      host,
      outcomes,
      settings,
      engine: () => reconciler,
      slots,
      emit: (db, hook, payload, heldBy) => outbox.emit(db, hook, payload, heldBy),
      crashPoint: root.use(K.crashPoint),
    }),
  };
}
