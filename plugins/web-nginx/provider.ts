import { type HostInfo, type Issue, ProviderError, type Rendered, type RenderingProvider } from "@patchbay/sdk";
import type { SiteUnit } from "@patchbay/web/contract";
import { baseFiles, listenAddress, placesOf } from "./base.ts";
import { includeFault } from "./includes.ts";
import { isQuotable, maxTokenBytes, quote } from "./quote.ts";
import { bucketOf, fileStem, mapFileOf, packRecord, separator, toRecord } from "./record.ts";

const service = { service: "nginx" };
const hostName = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** nginx for the slot `web`: one server block for all sites, one line per host name. */
export function createNginxProvider(info: HostInfo): RenderingProvider<SiteUnit> {
  return {
    kind: "render",
    audit: auditSite,
    base: () => ({ files: baseFiles(info), services: [service] }),
    render: (key, unit) => renderSite(info, key, unit),
    generation: (generation) => ({
      files: [{ path: "generation.d/generation.conf", content: `return 200 "${generation}";\n` }],
      services: [service],
      probes: [
        {
          kind: "http",
          port: "http",
          host: "generation.invalid",
          path: "/.well-known/patchbay/generation",
          status: 200,
          body: String(generation),
        },
      ],
    }),
  };
}

function renderSite(info: HostInfo, key: string, unit: SiteUnit): Rendered {
  const [first] = auditSite(unit);
  if (first) throw new ProviderError("unsupported", `${first.field}: ${first.message}`);
  const record = toRecord(key, unit);
  const value = quote(packRecord(record));
  const include = unit.includes.nginx;
  return {
    lines: unit.names.map((name) => ({
      file: mapFileOf(name),
      key: name,
      line: `${quote(name)} ${value};`,
    })),
    files: include === undefined ? [] : [ownBlock(info, key, unit.names, include)],
    services: [service],
    probes: [
      {
        kind: "http",
        port: "http",
        host: unit.names[0] as string,
        path: "/.well-known/patchbay/site",
        status: 200,
        body: `${record.site} ${record.hash}`,
      },
    ],
  };
}

/** A site with text of its own needs a server block of its own; everything else it takes from the shared record. */
function ownBlock(info: HostInfo, key: string, names: readonly string[], include: string) {
  const stem = fileStem(key);
  return {
    path: `sites.d/${bucketOf(key)}/${stem}.conf`,
    content: `server {
  listen ${listenAddress(info)};
  server_name ${names.map(quote).join(" ")};
  error_log ${placesOf(info).log}/${stem}.nginx.log warn;
  include snippets/site.conf;
${include}
}
`,
  };
}

/** What nginx cannot express of a site, or must not be told. */
function auditSite(unit: SiteUnit): Issue[] {
  const issues: Issue[] = [];
  const refuse = (field: string, message: string) => issues.push({ field, message });
  if (!unit.names.every((name) => hostName.test(name))) refuse("names", "A name is not a canonical host name.");
  if (unit.kind === "site" && unit.root === null) refuse("root", "A site needs a document root.");
  if (unit.kind === "redirect" && unit.redirect === null) refuse("redirect", "A redirect needs a target.");
  if (unit.account.home.includes(separator)) refuse("account", "The home directory holds a separator.");
  if (unit.php && !/^[a-z0-9.-]+\/[a-z0-9.-]+\.sock$/.test(unit.php.socket))
    refuse("php", "The socket has no valid name.");
  for (const [field, text] of [
    ["account", unit.account.home],
    ["root", unit.root ?? ""],
    ["redirect", unit.redirect?.to ?? ""],
  ] as const) {
    if (!isQuotable(text)) refuse(field, "Control characters cannot be served.");
  }
  if (issues.length > 0) return issues;
  const size = Buffer.byteLength(quote(packRecord(toRecord(unit.names[0] as string, unit))));
  if (size > maxTokenBytes) refuse(unit.redirect ? "redirect" : "root", "It is too long.");
  const fault = unit.includes.nginx === undefined ? undefined : includeFault(unit.includes.nginx);
  if (fault !== undefined) refuse("includes", `The custom configuration is refused: ${fault}.`);
  return issues;
}
