import type { HostInfo } from "@patchbay/sdk";
import type { PrivilegedOutput } from "@patchbay/sdk/privileged";
import { servicePorts } from "../helper/config.ts";
import { createProbe } from "./probe.ts";
import type { HelperClient, Host } from "./types.ts";

export interface HostOptions {
  readonly hello: PrivilegedOutput<"hello">;
  readonly client: HelperClient;
  /** First of the service ports in the sandbox: `http` is this plus 80. A real server has the usual ports. */
  readonly servicesPort: number;
  /** Address the service daemons listen on. */
  readonly address: string;
  /** Installed versions, newest first: `detectPhpVersions()`. */
  readonly phpVersions: readonly string[];
}

/** The machine as the kernel and the plugins see it. */
export function createHost({ hello, client, servicesPort, address, phpVersions }: HostOptions): Host {
  const { kind, paths, multiUser, web, accounts } = hello;
  const ports = servicePorts({ host: kind, servicesPort });
  const info: HostInfo = { kind, address, ports, paths, multiUser, web, accounts, phpVersions };
  return { info, helper: client, probe: createProbe(info, client) };
}
