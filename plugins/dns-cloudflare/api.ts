import { setMaxListeners } from "node:events";
import { type PluginSettings, ProviderError } from "@patchbay/sdk";
import type { ApiRecord, RecordBatch } from "./records.ts";

/** A zone as Cloudflare knows it. */
export interface ApiZone {
  readonly id: string;
  readonly name: string;
  readonly nameServers: readonly string[];
}

export interface ApiDnssec {
  readonly status: string;
  readonly ds: string;
}

/** The few calls of Cloudflare's API that the provider makes. All throw ProviderError. */
export interface CloudflareApi {
  /** Undefined: the account has no zone of this name. */
  findZone(name: string, signal: AbortSignal): Promise<ApiZone | undefined>;
  createZone(name: string, signal: AbortSignal): Promise<ApiZone>;
  /** All records of a zone, or those of one owner and type. */
  records(zoneId: string, of: { name: string; type: string } | undefined, signal: AbortSignal): Promise<ApiRecord[]>;
  /** All or nothing. */
  batch(zoneId: string, batch: RecordBatch, signal: AbortSignal): Promise<void>;
  dnssec(zoneId: string, signal: AbortSignal): Promise<ApiDnssec>;
  setDnssec(zoneId: string, on: boolean, signal: AbortSignal): Promise<void>;
}

const recordsPerPage = 1000;
/** Cloudflare asks for patience with Retry-After; the SDK waits as long as it says. */
const retries = 4;
const timeoutMs = 20_000;

async function load(token: string, baseUrl: string) {
  const [{ createClient }, { Zones }, { DNSSECResource }, { Records }] = await Promise.all([
    import("cloudflare/tree-shakable"),
    import("cloudflare/resources/zones/zones"),
    import("cloudflare/resources/dns/dnssec/dnssec"),
    import("cloudflare/resources/dns/records"),
  ]);
  return createClient({
    resources: [Zones, DNSSECResource, Records],
    apiToken: token,
    // Given, so that it takes none of these from the environment.
    apiKey: null,
    apiEmail: null,
    userServiceKey: null,
    baseURL: baseUrl.replace(/\/+$/, ""),
    maxRetries: retries,
    timeout: timeoutMs,
    logLevel: "off",
  });
}

type Client = Awaited<ReturnType<typeof load>>;

/** Calls the API the settings name. A change of the settings counts from the next call on. */
export function createApi(settings: PluginSettings): CloudflareApi {
  let current: { readonly of: string; readonly client: Promise<Client> } | undefined;
  const client = (): Promise<Client> => {
    const token = settings.get("api_token");
    if (token === "") throw new ProviderError("unavailable", "Cloudflare: no API token is set");
    const of = `${settings.get("base_url")} ${token}`;
    if (current?.of !== of) current = { of, client: load(token, settings.get("base_url")) };
    return current.client;
  };
  const call = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
    try {
      return await work(await client());
    } catch (error) {
      throw toProviderError(error);
    }
  };
  return {
    findZone: (name, signal) =>
      call(async ({ zones }) => {
        for await (const zone of zones.list({ name }, { signal: own(signal) }))
          if (zone.name === name) return toZone(zone);
        return undefined;
      }),
    createZone: (name, signal) =>
      call(async ({ zones }) => {
        const id = settings.get("account_id");
        return toZone(
          await zones.create({ name, type: "full", account: id === "" ? {} : { id } }, { signal: own(signal) }),
        );
      }),
    records: (zoneId, of, signal) =>
      call(async ({ dns }) => {
        const filter = of && { name: { exact: of.name }, type: of.type as "A" };
        const found: ApiRecord[] = [];
        const pages = dns.records.list(
          { zone_id: zoneId, per_page: recordsPerPage, ...filter },
          { signal: own(signal) },
        );
        for await (const record of pages) found.push(record as ApiRecord);
        return found;
      }),
    batch: (zoneId, batch, signal) =>
      call(async ({ dns }) => {
        await dns.records.batch({ zone_id: zoneId, ...(batch as object) }, { signal: own(signal) });
      }),
    dnssec: (zoneId, signal) =>
      call(async ({ dns }) => {
        const { ds, status } = await dns.dnssec.get({ zone_id: zoneId }, { signal: own(signal) });
        return { status: status ?? "disabled", ds: ds ?? "" };
      }),
    setDnssec: (zoneId, on, signal) =>
      call(async ({ dns }) => {
        await dns.dnssec.edit({ zone_id: zoneId, status: on ? "active" : "disabled" }, { signal: own(signal) });
      }),
  };
}

/** The SDK leaves a listener on the signal of every request. However many there are, that is no leak to be warned of. */
function own(signal: AbortSignal): AbortSignal {
  setMaxListeners(0, signal);
  return signal;
}

function toZone(zone: { id: string; name: string; name_servers?: readonly string[] | null }): ApiZone {
  return { id: zone.id, name: zone.name, nameServers: zone.name_servers ?? [] };
}

/** What an answer means. Only Cloudflare's own codes are repeated: its messages may hold what was sent. */
function toProviderError(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  const { status, errors } = (error ?? {}) as { status?: number; errors?: readonly { code?: number }[] };
  if (status === undefined) return new ProviderError("unavailable", "Cloudflare cannot be reached");
  const codes = (errors ?? []).flatMap(({ code }) => (typeof code === "number" ? [String(code)] : []));
  const text = `Cloudflare answered ${status}${codes.length === 0 ? "" : ` (${codes.join(", ")})`}`;
  if (status === 401 || status === 403) return new ProviderError("unavailable", `${text}: it refuses the API token`);
  if (status === 409) return new ProviderError("conflict", text);
  return new ProviderError(status === 400 || status === 422 ? "invalid" : "unavailable", text);
}
