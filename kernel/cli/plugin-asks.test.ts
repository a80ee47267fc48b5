import { expect, it } from "vitest";
import { toAsksText } from "./plugin-asks.ts";

const asks = {
  isolation: "process" as const,
  memory_mb: 128,
  requires: ["web"],
  packages: [{ apt: "lighttpd", reason: "It serves the sites.", installed: false }],
  services: [{ name: "d", title: "Daemon", user: "root" as const, argv: ["/usr/sbin/d", "-f", "{tree}/d.conf"] }],
  tree: true,
  invoke: ["accounts.list"],
  root: ["the service d runs as root"],
};
const plugin = { id: "notes", title: "Notes", version: "1.0.0", asks };

it("shows everything a plugin asks for, and who stands behind it", () => {
  expect(toAsksText({ ...plugin, signer: null, replaces: "0.9.0", dependencies: ["tiny@1.0.0"] })).toBe(
    `Notes (notes 1.0.0), in place of 0.9.0
  signed by       NOBODY
  runs            in a process of its own, with at most 128 MiB
  works with      web
  system package  lighttpd: It serves the sites.
  runs a service  Daemon, as ROOT: /usr/sbin/d -f {tree}/d.conf
  keeps           a configuration tree
  calls           accounts.list, in its own name or its caller's
  NEEDS ROOT      the service d runs as root
  brings along    tiny@1.0.0
`,
  );
  const key = `ed25519:${"a".repeat(43)}`;
  expect(toAsksText({ ...plugin, signer: { key, trusted: false } })).toContain(`${key}, NOT TRUSTED HERE YET`);
});

it("says in bold words that a plugin can reach everything", () => {
  expect(toAsksText({ ...plugin, asks: { ...asks, isolation: "kernel" } })).toContain("IN THE PANEL'S OWN PROCESS");
});

it("lets no text of the plugin write over what else is shown", () => {
  const text = toAsksText({ ...plugin, title: "Notes\u001b[2J\r\n  signed by       somebody\u202e" });
  expect(text.split("\n")[0]).toBe("Notes?[2J??  signed by       somebody? (notes 1.0.0)");
});
