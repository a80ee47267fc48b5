import { type DnsUnit, dnsSlotId } from "@patchbay/dns/contract";
import { definePlugin, defineProvider, PluginSettings } from "@patchbay/sdk";
import { createApi } from "./api.ts";
import { createCloudflareProvider } from "./provider.ts";
import { settings } from "./settings.ts";

/** Zones at Cloudflare. Its SDK is loaded when the first zone is worked on, not before. */
export default definePlugin((to) => {
  for (const setting of settings) to.pluginSetting(setting);
  to.provider(
    defineProvider<DnsUnit>({
      slot: dnsSlotId,
      id: "cloudflare",
      title: "Cloudflare",
      create: (use) => createCloudflareProvider(createApi(use(PluginSettings))),
    }),
  );
});
