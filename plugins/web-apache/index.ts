import { definePlugin, defineProvider, HostInfo, ServerCertificate } from "@patchbay/sdk";
import { type SiteUnit, webSlotId } from "@patchbay/web/contract";
import { providerId } from "./audit.ts";
import { createApacheProvider } from "./provider.ts";

export default definePlugin((to) => {
  to.provider(
    defineProvider<SiteUnit>({
      slot: webSlotId,
      id: providerId,
      title: "Apache",
      create: (use) => createApacheProvider(use(HostInfo), use(ServerCertificate)),
    }),
  );
});
