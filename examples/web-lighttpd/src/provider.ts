import { type SiteUnit, siteFingerprint, siteProbePath } from "@patchbay/kernel/contracts/web";
import {
  type HostInfo,
  type Probe,
  ProviderError,
  type Rendered,
  type RenderingProvider,
  type ServerCertificate,
} from "@patchbay/sdk";
import { auditSite } from "./audit.ts";
import { baseFiles } from "./base.ts";
import { list, quote } from "./quote.ts";
import { renderSite } from "./render.ts";
import { generationPath } from "./scripts.ts";

/** Name in the manifest's `grants.services`. */
const services = [{ service: "lighttpd" }];

/** lighttpd for the slot `web`: a file for each site, and two scripts that answer what is the same for all of them. */
export function createLighttpdProvider(
  info: HostInfo,
  certificate: ServerCertificate,
): RenderingProvider<SiteUnit> & Required<Pick<RenderingProvider<SiteUnit>, "generation">> {
  return {
    kind: "render",
    audit: auditSite,
    base: (stand) => ({ files: baseFiles(info, stand, certificate), services }),
    render: (key, unit) => {
      const issue = auditSite(unit).find(({ lost }) => lost !== true);
      if (issue) throw new ProviderError("unsupported", `${issue.field}: ${issue.message}`);
      return live(key, unit, renderSite(info, key, unit));
    },
    // No `relay`: mod_proxy speaks no TLS, so a server behind lighttpd could not know of HTTPS by its connection.
    generation: (generation) => ({
      files: [
        {
          path: "generation.d/generation.conf",
          content: `setenv.set-environment = ${list({ PB_ANSWER: quote(String(generation)) })}\n`,
        },
      ],
      services,
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

/** The site is live when both ports answer with its fingerprint, and HTTPS with its certificate. */
function live(key: string, unit: SiteUnit, file: { readonly path: string; readonly content: string }): Rendered {
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
  return { files: [file], services, probes };
}
