import type { HostInfo } from "@patchbay/sdk";

const pluginId = "web-nginx";

/** Directories of this plugin on the host. Absolute. */
export interface Places {
  /** Configuration tree. */
  readonly tree: string;
  readonly run: string;
  readonly log: string;
  readonly state: string;
  /** The host's run directory, below which the sockets of PHP lie. */
  readonly sockets: string;
  /** The host's configuration directory, below which the certificates lie. */
  readonly certificates: string;
}

export function placesOf(info: HostInfo): Places {
  const { etc, run, log, state } = info.paths;
  const own = (path: string) => `${path}/${pluginId}`;
  return { tree: own(etc), run: own(run), log: own(log), state: own(state), sockets: run, certificates: etc };
}

/** A port on an address, as servers and URLs write it. */
export function endpoint(address: string, port: number): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

/** Networks whose connections come from this host itself: its relays and the panel's probes. */
export function ownNetworks(info: HostInfo): readonly string[] {
  return [...new Set(["127.0.0.0/8", "::1", info.address])];
}
