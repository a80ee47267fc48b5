import { type DnsUnit, dnsSlotId } from "@patchbay/dns/contract";
import { Clock, definePlugin, defineProvider, HostInfo, PluginSettings, StateFiles, Vault, Wire } from "@patchbay/sdk";
import { keysFrom } from "./keys.ts";
import { showSecondaryConfig } from "./operations/secondary-config.ts";
import { createBindProvider } from "./provider.ts";
import { secondariesSetting } from "./secondaries.ts";

export default definePlugin((to) => {
  to.pluginSetting(secondariesSetting);
  to.operation(showSecondaryConfig);
  to.provider(
    defineProvider<DnsUnit>({
      slot: dnsSlotId,
      id: "bind9",
      title: "BIND",
      default: true,
      create: (use) => {
        const settings = use(PluginSettings);
        return createBindProvider({
          info: use(HostInfo),
          keys: keysFrom(use(Vault)),
          wire: use(Wire),
          clock: use(Clock),
          state: use(StateFiles),
          secondaries: () => settings.get(secondariesSetting.key),
        });
      },
    }),
  );
});
