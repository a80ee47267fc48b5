import { definePlugin, defineProvider, HostInfo } from "@patchbay/sdk";
import { type SiteUnit, webSlotId } from "@patchbay/web/contract";
import { createNginxProvider } from "./provider.ts";

export default definePlugin((to) => {
  to.provider(
    defineProvider<SiteUnit>({
      slot: webSlotId,
      id: "nginx",
      title: "nginx",
      default: true,
      create: (use) => createNginxProvider(use(HostInfo)),
    }),
  );
});
