/** How the kernel reaches a daemon on this host, for tests of a plugin that runs without a panel. */
export { probeDns } from "../../kernel/host/dns-probe.ts";
export { createWire } from "../../kernel/host/wire.ts";
