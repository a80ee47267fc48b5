import { notFound, type ServiceStatus, type Services } from "@patchbay/sdk";
import type { PrivilegedOutput } from "@patchbay/sdk/privileged";
import type { HelperClient } from "./types.ts";

type Listed = PrivilegedOutput<"service.list">["services"][number];

/** The daemons by the names people use: `nginx`, `php-fpm@8.2-0`. */
export function createServices(client: HelperClient): Services {
  const list = async () => (await client.call("service.list", {})).services;
  return {
    list: async () => (await list()).map(toStatus).sort((a, b) => (a.name < b.name ? -1 : 1)),
    act: async (name, action) => {
      const found = (await list()).find((service) => nameOf(service) === name);
      if (found === undefined) throw notFound("Service");
      const { state: _state, pid: _pid, ...service } = found;
      const { state } = await client.call("service.act", { ...service, action });
      return { name, plugin: found.plugin, status: state };
    },
  };
}

function toStatus(service: Listed): ServiceStatus {
  return { name: nameOf(service), plugin: service.plugin, status: service.state };
}

function nameOf({ service, instance }: Listed): string {
  return instance === undefined ? service : `${service}@${instance}`;
}
