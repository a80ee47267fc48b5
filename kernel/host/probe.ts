import { type HostInfo, type Probe, type SidePorts, sideAddress } from "@patchbay/sdk";
import { probeDns } from "./dns-probe.ts";
import { httpGet } from "./http-get.ts";
import type { HelperClient, Host } from "./types.ts";

type HttpProbe = Extract<Probe, { kind: "http" }>;

const timeoutMs = 5000;
const longestBody = 256 * 1024;

/** Makes the probe of a host: HTTP and DNS are asked directly, FastCGI through the helper, who may open the sockets. */
export function createProbe(info: HostInfo, client: HelperClient): Host["probe"] {
  return async (probe, signal, side) => {
    try {
      const server = side ? { address: sideAddress, ports: side } : { address: info.address, ports: info.ports };
      if (probe.kind === "http") return await probeHttp(probe, { ...server, signal });
      if (probe.kind === "dns") return await probeDns(info, probe, signal);
      const { socket, path } = probe;
      const { body } = await client.call("probe.fastcgi", { socket, path }, { timeoutMs: timeoutMs + 1000 });
      return body === probe.body;
    } catch {
      return false;
    }
  };
}

async function probeHttp(
  probe: HttpProbe,
  server: { readonly address: string; readonly ports: SidePorts; readonly signal: AbortSignal },
): Promise<boolean> {
  const { status, body, certificate } = await httpGet(probe, { ...server, timeoutMs, longestBody });
  if (probe.status !== undefined && status !== probe.status) return false;
  if (probe.certificate !== undefined && certificate !== probe.certificate) return false;
  return probe.body === undefined || body.toString("utf8") === probe.body;
}
