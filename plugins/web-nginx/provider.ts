import { type HostInfo, type Probe, ProviderError, type Rendered, type RenderingProvider } from "@patchbay/sdk";
import { type SiteUnit, siteFingerprint, siteProbePath } from "@patchbay/web/contract";
import { auditRelay, auditSite } from "./audit.ts";
import { baseFiles } from "./base.ts";
import { withPolicy } from "./includes.ts";
import { placesOf } from "./places.ts";
import { quote } from "./quote.ts";
import { bucketOf, fileStem, mapFileOf, packRecord, type SiteRecord, toRecord, toRelayRecord } from "./record.ts";
import { generationPath } from "./site-block.ts";

const service = { service: "nginx" };

/** nginx for the slot `web`: one server block for all sites, one line per host name. */
export function createNginxProvider(
  info: HostInfo,
): RenderingProvider<SiteUnit> & Required<Pick<RenderingProvider<SiteUnit>, "relay" | "generation">> {
  return {
    kind: "render",
    audit: auditSite,
    base: (stand) => ({ files: baseFiles(info, stand), services: [service] }),
    render: (key, unit) => {
      refuseIf(auditSite(unit).find(({ lost }) => lost !== true));
      const text = unit.includes.nginx;
      const files = text === undefined ? [] : [ownBlock(info, key, { names: unit.names, text })];
      return { ...renderHosts(key, unit, toRecord(key, unit)), files };
    },
    relay: (key, unit, to) => {
      refuseIf(auditRelay(unit)[0]);
      return renderHosts(key, unit, toRelayRecord(key, unit, to));
    },
    generation: (generation) => ({
      files: [{ path: "generation.d/generation.conf", content: `return 200 "${generation}";\n` }],
      services: [service],
      probes: [
        {
          kind: "http",
          port: "http",
          host: "generation.invalid",
          path: generationPath,
          status: 200,
          body: String(generation),
        },
      ],
    }),
  };
}

function refuseIf(issue: { readonly field: string; readonly message: string } | undefined): void {
  if (issue) throw new ProviderError("unsupported", `${issue.field}: ${issue.message}`);
}

function renderHosts(key: string, unit: SiteUnit, record: SiteRecord): Rendered {
  const value = quote(packRecord(record));
  return {
    lines: unit.names.map((name) => ({ file: mapFileOf(name), key: name, line: `${quote(name)} ${value};` })),
    services: [service],
    probes: siteProbes(key, unit),
  };
}

function siteProbes(key: string, unit: SiteUnit): Probe[] {
  const asked = {
    kind: "http",
    host: unit.names[0] as string,
    path: siteProbePath,
    status: 200,
    body: `${key} ${siteFingerprint(unit)}`,
  } as const;
  return [
    { ...asked, port: "http" },
    { ...asked, port: "https", certificate: unit.https.certificate },
  ];
}

/** A site with text of its own needs a server block of its own; everything else it takes from the shared record. */
function ownBlock(info: HostInfo, key: string, own: { readonly names: readonly string[]; readonly text: string }) {
  const stem = fileStem(key);
  return {
    path: `sites.d/${bucketOf(key)}/${stem}.conf`,
    content: `server {
  include snippets/listen.conf;
  server_name ${own.names.map(quote).join(" ")};
  error_log ${placesOf(info).log}/${stem}.nginx.log warn;
  include snippets/site.conf;
${withPolicy(own.text)}
  # Of several pages for a status the first counts: the text above comes before.
  include snippets/pages.conf;
}
`,
  };
}
