import type { HostInfo, ServicePort } from "@patchbay/sdk";
import type { PrivilegedOutput } from "@patchbay/sdk/privileged";
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

const usualPorts: Readonly<Record<ServicePort, number>> = {
  ftp: 21,
  smtp: 25,
  dns: 53,
  http: 80,
  imap: 143,
  https: 443,
  submission: 587,
  imaps: 993,
  mysql: 3306,
  postgresql: 5432,
};

/** The machine as the kernel and the plugins see it. */
export function createHost({ hello, client, servicesPort, address, phpVersions }: HostOptions): Host {
  const { kind, paths, multiUser, web, accounts } = hello;
  const offset = kind === "sandbox" ? servicesPort : 0;
  const shifted = Object.entries(usualPorts).map(([name, port]) => [name, port + offset]);
  const ports = Object.fromEntries(shifted) as Record<ServicePort, number>;
  const info: HostInfo = { kind, address, ports, paths, multiUser, web, accounts, phpVersions };
  return { info, helper: client, probe: createProbe(info, client) };
}
