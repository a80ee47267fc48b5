import { beforeHook, Clock, definePlugin, loginSucceeded, PluginSettings, Store } from "@patchbay/sdk";
import { refusalOf } from "./domain-rule.ts";
import { keepLogin } from "./notes.ts";
import { listNotes, writeNote } from "./operations.ts";
import { addressKey, refusedDomains } from "./settings.ts";

// The whole plugin. It is called once, must have no effects, and there is nothing to take back: what is declared here is
// gone when the plugin is disabled. `to.use` may be called only later, when something runs.
export default definePlugin((to) => {
  to.pluginSetting(refusedDomains);
  to.pluginSetting(addressKey);

  // A veto: asked before the change begins. It may say no, with a code and a message for the caller, and nothing else. When
  // it throws or is late the change is refused too, so keep it short.
  for (const operation of ["domains.add", "accounts.create"]) {
    to.tap(beforeHook(operation), async ({ input }) =>
      refusalOf(String(input.domain ?? ""), to.use(PluginSettings).get(refusedDomains.key)),
    );
  }

  // A notify: told after the fact, at least once. Told twice it must leave the same behind: here the same document.
  to.tap(loginSucceeded, ({ ip, username }) =>
    keepLogin(to.use(Store), {
      username,
      ip,
      at: to.use(Clock).now(),
      key: to.use(PluginSettings).get(addressKey.key),
    }),
  );

  // Two operations: each is a route, a command, an entry in OpenAPI, and the change an entry in the audit log.
  to.operation(listNotes);
  to.operation(writeNote);
});
