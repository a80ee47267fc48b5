import { type SiteUnit, webSlotId } from "@patchbay/kernel/contracts/web";
import { definePlugin, defineProvider, HostInfo, ServerCertificate } from "@patchbay/sdk";
import { providerId } from "./audit.ts";
import { createLighttpdProvider } from "./provider.ts";

export default definePlugin((to) => {
  to.provider(
    defineProvider<SiteUnit>({
      slot: webSlotId,
      id: providerId,
      title: "lighttpd",
      create: (use) => createLighttpdProvider(use(HostInfo), use(ServerCertificate)),
    }),
  );
});
