import {
  type HostInfo,
  type Issue,
  type Probe,
  ProviderError,
  type Rendered,
  type RenderingProvider,
  type ServerCertificate,
} from "@patchbay/sdk";
import { type SiteUnit, siteFingerprint, siteProbePath } from "@patchbay/web/contract";
import { auditRelay, auditSite, providerId } from "./audit.ts";
import { baseFiles } from "./base.ts";
import { isLine, lineFileOf, ownFileOf, type SiteRecord, toLine, toRecord, toRelayRecord, toText } from "./record.ts";

const service = { service: "apache" };

/** Apache for the slot `web`: one line per site, and a virtual host that is written out for what does not fit into one. */
export function createApacheProvider(
  info: HostInfo,
  certificate: ServerCertificate,
): RenderingProvider<SiteUnit> & Required<Pick<RenderingProvider<SiteUnit>, "relay" | "generation">> {
  return {
    kind: "render",
    audit: (unit) => auditSite(info, unit),
    base: (stand) => ({ files: baseFiles(info, stand, certificate), services: [service] }),
    render: (key, unit) => {
      refuseIf(keyIssue(key, unit) ?? auditSite(info, unit).find(({ lost }) => lost !== true));
      return {
        ...written(info, key, { record: toRecord(key, unit), custom: unit.includes[providerId] }),
        ...live(key, unit),
      };
    },
    relay: (key, unit, to) => {
      refuseIf(keyIssue(key, unit) ?? auditRelay(unit)[0]);
      return { ...written(info, key, { record: toRelayRecord(key, unit, to) }), ...live(key, unit) };
    },
    generation: (generation) => ({
      files: [{ path: "generation.d/generation.conf", content: `ErrorDocument 200 "${generation}"\n` }],
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

/** The key is written as the site's name, so it must be one. */
function keyIssue(key: string, { names }: SiteUnit): Issue | undefined {
  return names.includes(key) ? undefined : { field: "names", message: "The site is not called by its key." };
}

function refuseIf(issue: Issue | undefined): void {
  if (issue) throw new ProviderError("unsupported", `${issue.field}: ${issue.message}`);
}

interface Written {
  readonly record: SiteRecord;
  readonly custom?: string | undefined;
}

function written(info: HostInfo, key: string, { record, custom }: Written): Pick<Rendered, "files" | "lines"> {
  if (custom === undefined && isLine(record))
    return { files: [], lines: [{ file: lineFileOf(key), key, line: toLine(record) }] };
  return { files: [{ path: ownFileOf(key), content: toText(info, record, custom) }], lines: [] };
}

function live(key: string, unit: SiteUnit): Pick<Rendered, "services" | "probes"> {
  const asked = {
    kind: "http",
    host: unit.names[0] as string,
    path: siteProbePath,
    status: 200,
    body: `${key} ${siteFingerprint(unit)}`,
  } as const;
  const probes: Probe[] = [
    { ...asked, port: "http" },
    { ...asked, port: "https", certificate: unit.https.certificate },
  ];
  return { services: [service], probes };
}
