import type { HostInfo } from "@patchbay/sdk";

const pluginId = "web-lighttpd";

/** Directories of this plugin on the host. Absolute. */
export function placesOf({ paths: { etc, log, state } }: HostInfo) {
  return { tree: `${etc}/${pluginId}`, log: `${log}/${pluginId}`, state: `${state}/${pluginId}` };
}

/** A port on an address, as lighttpd writes it. */
export function endpoint(address: string, port: number): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

/** Networks whose connections come from this host itself: its relays and the panel's probes. */
export function nearNetworks({ address }: HostInfo): readonly string[] {
  const loopback = ["127.0.0.0/8", "::1"];
  return /^127\.|^::1$/.test(address) ? loopback : [...loopback, address];
}
