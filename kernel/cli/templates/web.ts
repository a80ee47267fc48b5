import { kernelTest } from "./kernel-test.ts";
import type { Template, TemplateFacts } from "./template.ts";

const index = ({
  id,
  title,
}: TemplateFacts) => `import { type SiteUnit, webSlotId } from "@patchbay/kernel/contracts/web";
import { definePlugin, defineProvider } from "@patchbay/sdk";
import { createProvider } from "./provider.ts";

export default definePlugin((to) => {
  to.provider(
    defineProvider<SiteUnit>({
      slot: webSlotId,
      id: "${id}",
      title: ${JSON.stringify(title)},
      create: () => createProvider(),
    }),
  );
});
`;

const provider = `import type { SiteUnit } from "@patchbay/kernel/contracts/web";
import { ProviderError, type RenderingProvider } from "@patchbay/sdk";
import { auditSite } from "./audit.ts";
import { siteProbes } from "./probe.ts";
import { siteFile } from "./render.ts";

/** Pure functions from a site to files and probes: the panel writes, tests, reloads, asks, and takes back. */
export function createProvider(): RenderingProvider<SiteUnit> {
  return {
    kind: "render",
    audit: auditSite,
    // The main configuration and the daemon belong here, once the manifest asks for one in grants.services.
    base: () => ({}),
    render: (key, unit) => {
      const [first] = auditSite(unit).filter(({ lost }) => lost !== true);
      if (first) throw new ProviderError("unsupported", \`\${first.field}: \${first.message}\`);
      return { files: [siteFile(key, unit)], probes: siteProbes(key, unit) };
    },
  };
}
`;

const audit = `import type { SiteUnit } from "@patchbay/kernel/contracts/web";
import type { Issue } from "@patchbay/sdk";

/**
 * What this backend cannot serve of a site. The panel asks before it writes anything, so what is refused here can never be
 * served wrongly. While no daemon is there every site is refused; then refuse what the daemon cannot, field by field.
 */
export function auditSite(_unit: SiteUnit): Issue[] {
  return [{ field: "kind", message: "This backend serves no sites yet." }];
}
`;

const render = `import type { SiteUnit } from "@patchbay/kernel/contracts/web";
import type { RenderedFile } from "@patchbay/sdk";

/**
 * The configuration of one site. Every value goes through a serializer of the file's format, here JSON's: names and targets
 * come from tenants, and must never be read as configuration.
 */
export function siteFile(key: string, unit: SiteUnit): RenderedFile {
  const { names, redirect, root, state } = unit;
  return { path: \`sites/\${key}.json\`, content: \`\${JSON.stringify({ names, root, redirect, state }, null, 2)}\\n\` };
}
`;

const probe = `import { type SiteUnit, siteFingerprint, siteProbePath } from "@patchbay/kernel/contracts/web";
import type { Probe } from "@patchbay/sdk";

/**
 * How the panel sees that exactly this state of a site is live: the daemon answers the site's fingerprint at a path that is
 * the same for every backend, to callers on this host alone.
 */
export function siteProbes(key: string, unit: SiteUnit): Probe[] {
  const asked = { kind: "http", host: unit.names[0] ?? key, path: siteProbePath, status: 200 } as const;
  const body = \`\${key} \${siteFingerprint(unit)}\`;
  return [
    { ...asked, port: "http", body },
    { ...asked, port: "https", body, certificate: unit.https.certificate },
  ];
}
`;

const providerTest = `import { siteProbePath, siteUnit } from "@patchbay/kernel/contracts/web";
import * as v from "@patchbay/sdk/valibot";
import { describe, expect, it } from "vitest";
import { createProvider } from "../src/provider.ts";
import { siteProbes } from "../src/probe.ts";
import { siteFile } from "../src/render.ts";

const unit = v.parse(siteUnit, {
  names: ["ada.test", "www.ada.test"],
  kind: "site",
  account: { username: "ada", home: "/home/ada" },
  state: "active",
  root: '/home/ada/a "quoted" root',
  php: null,
  redirect: null,
  https: { file: "certificates/ada.test.pem", certificate: "ab".repeat(32), force: false, hsts: null },
  includes: {},
});

describe("the provider", () => {
  it("refuses what it cannot serve, and then renders nothing", () => {
    const provider = createProvider();
    expect(provider.audit(unit)).toEqual([{ field: "kind", message: "This backend serves no sites yet." }]);
    expect(() => provider.render("ada.test", unit)).toThrow("serves no sites yet");
  });
});

describe("the file of a site", () => {
  it("is read as what was written, whatever a tenant's text holds", () => {
    const { content, path } = siteFile("ada.test", unit);
    expect(path).toBe("sites/ada.test.json");
    expect(JSON.parse(content)).toEqual({ names: unit.names, root: unit.root, redirect: null, state: "active" });
  });
});

describe("the probes of a site", () => {
  it("ask for its fingerprint, which changes with the site", () => {
    const [http, https] = siteProbes("ada.test", unit);
    expect(http).toMatchObject({ port: "http", host: "ada.test", path: siteProbePath });
    expect(https).toMatchObject({ port: "https", certificate: unit.https.certificate });
    expect(siteProbes("ada.test", { ...unit, state: "suspended" })[0]).not.toEqual(http);
  });
});
`;

const cases = ({ id }: TemplateFacts) => `
  it("can be chosen, and says which sites it would not serve", async () => {
    const login = { username: "ada", email: "ada@example.org", password: "long enough for a holder" };
    const created = await panel.call("POST", "accounts/create", { ...login, domain: "ada.test" });
    expect(created.status, created.text).toBe(200);
    const choice = { key: "web_server", value: "${id}" };
    const preview = await panel.call("GET", "system/switch-preview", choice);
    expect(preview.data, preview.text).toMatchObject({ to: "${id}", refused: [{ unit: "ada.test", field: "kind" }] });
    expect((await panel.call("POST", "system/save-option", choice)).code).toBe("SWITCH_REFUSED");
  });
`;

const conformance = ({ id, title }: TemplateFacts) => `import { webConformance } from "@patchbay/sdk/conformance";
import { conformancePanel, testMachine } from "@patchbay/sdk/testing";

webConformance({
  title: ${JSON.stringify(title)},
  option: "${id}",
  plugin: "${id}",
  // The daemon's name in grants.services of the manifest.
  service: "daemon",
  // Claim one capability after the other; what is not claimed must be refused by audit().
  can: {},
  logs: (site) => ({ access: \`\${site}.access.log\`, errors: \`\${site}.error.log\` }),
  record: "capabilities.json",
  machine: testMachine,
  start: () => conformancePanel({ plugins: ["."] }),
});
`;

/** A backend of the slot `web`. */
export const webTemplate: Template = {
  manifest: ({ id }) => ({ provides: [{ slot: "web", as: id }], requires: ["web"], grants: { tree: true } }),
  files: (facts) => ({
    "src/index.ts": index(facts),
    "src/provider.ts": provider,
    "src/audit.ts": audit,
    "src/render.ts": render,
    "src/probe.ts": probe,
    "test/provider.test.ts": providerTest,
    "test/kernel.test.ts": kernelTest(facts.id, cases(facts)),
    "conformance/web.conformance.ts": conformance(facts),
  }),
  readme:
    () => `It is a backend of the slot \`web\` that serves nothing yet, and says so: \`audit()\` refuses every site, so no admin can
switch to it by mistake. From here to a backend that passes:

1. Ask for the daemon in \`package.json\`: \`patchbay.packages\` (what to install) and \`patchbay.grants.services\` (how it is run,
   tested, reloaded and stopped), instead of \`grants.tree\`.
2. \`src/provider.ts\`: \`base()\` renders the main configuration and names the daemon in \`services\`.
3. \`src/render.ts\`: render a site in the daemon's own format, through a serializer of that format.
4. \`src/probe.ts\` says how the panel sees that a site is live: let the daemon answer it.
5. \`src/audit.ts\`: refuse only what the daemon cannot do.
6. \`npm run conformance\` until it is green, claiming one capability after the other in \`conformance/web.conformance.ts\`. It
   stops at the first case that fails, because those after it start where it ended. It runs on its own and is **red until
   the backend serves**, so it is no part of \`npm test\`.
`,
};
