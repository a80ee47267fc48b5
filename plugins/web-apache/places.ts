import type { HostInfo } from "@patchbay/sdk";

const pluginId = "web-apache";

/** Directories on the host. Absolute. */
export interface Places {
  /** Pid file and mutexes of Apache. */
  readonly run: string;
  readonly log: string;
  /** The host's run directory, below which the sockets of PHP lie. */
  readonly sockets: string;
  /** The host's configuration directory, below which the certificates lie. */
  readonly certificates: string;
  readonly homes: string;
}

export function placesOf({ paths }: HostInfo): Places {
  return {
    run: `${paths.run}/${pluginId}`,
    log: `${paths.log}/${pluginId}`,
    sockets: paths.run,
    certificates: paths.etc,
    homes: paths.homes,
  };
}

/** A port on an address, as servers and URLs write it. */
export function endpoint(address: string, port: number): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

/** Networks whose connections come from this host itself: its relays and the panel's probes. */
export function ownNetworks(info: HostInfo): readonly string[] {
  return [...new Set(["127.0.0.0/8", "::1", info.address])];
}
