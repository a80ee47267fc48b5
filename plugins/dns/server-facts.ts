import { HostInfo, type OperationContext, rule, ServerOptions, type Setting } from "@patchbay/sdk";
import * as v from "valibot";
import { toIpv4, toIpv6 } from "./addresses.ts";
import type { TemplateFacts } from "./template.ts";

const emptyOr = (read: (text: string) => string | undefined, words: string) =>
  v.pipe(
    v.string(),
    v.check((text) => text === "" || read(text) !== undefined, rule("format", `must be ${words} or empty`)),
    v.transform((text) => read(text) ?? ""),
  );

/** Options of the addresses that zones are filled with. */
export const dnsSettings: readonly Setting[] = [
  {
    key: "dns_server_ipv4",
    title: "IPv4 address of this server in new zones; empty: the one the servers listen on",
    schema: emptyOr(toIpv4, "an IPv4 address"),
    default: "",
  },
  {
    key: "dns_server_ipv6",
    title: "IPv6 address of this server in new zones; empty: the one the servers listen on",
    schema: emptyOr(toIpv6, "an IPv6 address"),
    default: "",
  },
];

/** What new zones say of this server now. */
export function serverFacts(ctx: Pick<OperationContext, "use">): Omit<TemplateFacts, "zone"> {
  const options = ctx.use(ServerOptions).all();
  const { address } = ctx.use(HostInfo);
  // `0.0.0.0` and `::` stand for all addresses and are none.
  const listening = address === "0.0.0.0" || address === "::" ? "" : address;
  const nameServers = ["ns1_hostname", "ns2_hostname"].map((key) => options[key] ?? "").filter((host) => host !== "");
  return {
    nameServers,
    ipv4: toIpv4(options["dns_server_ipv4"] ?? "") ?? toIpv4(listening) ?? null,
    ipv6: toIpv6(options["dns_server_ipv6"] ?? "") ?? toIpv6(listening) ?? null,
  };
}
