import { type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import type { HostInfo, Probe } from "@patchbay/sdk";
import type { HelperClient, Host } from "./types.ts";

type HttpProbe = Extract<Probe, { kind: "http" }>;

const timeoutMs = 5000;
const longestBody = 256 * 1024;

/** Makes the probe of a host: HTTP is asked directly, FastCGI through the helper, who may open the sockets. */
export function createProbe(info: HostInfo, client: HelperClient): Host["probe"] {
  return async (probe, signal) => {
    try {
      if (probe.kind === "http") return await probeHttp(info, probe, signal);
      const { socket, path } = probe;
      const { body } = await client.call("probe.fastcgi", { socket, path }, { timeoutMs: timeoutMs + 1000 });
      return body === probe.body;
    } catch {
      return false;
    }
  };
}

async function probeHttp(info: HostInfo, probe: HttpProbe, signal: AbortSignal): Promise<boolean> {
  const { status, body } = await fetchOnce(info, probe, signal);
  if (probe.status !== undefined && status !== probe.status) return false;
  return probe.body === undefined || body === probe.body;
}

// A connection of its own each time: one that is kept alive would be answered by the old workers after a reload.
function fetchOnce(info: HostInfo, probe: HttpProbe, signal: AbortSignal): Promise<{ status: number; body: string }> {
  const options: RequestOptions = {
    host: info.address,
    port: info.ports[probe.port],
    path: probe.path,
    headers: { host: probe.host, connection: "close" },
    agent: false,
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  };
  return new Promise((resolve, reject) => {
    const request =
      probe.port === "https" ? requestHttps({ ...options, ...tlsOptions(probe.host) }) : requestHttp(options);
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("error", reject);
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > longestBody) request.destroy(new Error("the body is too long"));
        else chunks.push(chunk);
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }),
      );
    });
    request.end();
  });
}

// It is asked whether the site is served, not whether the world trusts its certificate.
function tlsOptions(host: string): { rejectUnauthorized: boolean; servername: string } {
  const name = host.replace(/:\d+$/, "");
  return { rejectUnauthorized: false, servername: isIP(name) === 0 ? name : "" };
}
