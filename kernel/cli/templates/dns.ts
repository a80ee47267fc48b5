import { kernelTest } from "./kernel-test.ts";
import type { Template, TemplateFacts } from "./template.ts";

const index = ({
  id,
  title,
}: TemplateFacts) => `import { type DnsUnit, dnsSlotId } from "@patchbay/kernel/contracts/dns";
import { definePlugin, defineProvider } from "@patchbay/sdk";
import { createProvider } from "./provider.ts";

export default definePlugin((to) => {
  to.provider(
    defineProvider<DnsUnit>({
      slot: dnsSlotId,
      id: "${id}",
      title: ${JSON.stringify(title)},
      create: () => createProvider(),
    }),
  );
});
`;

const provider = `import type { DnsUnit } from "@patchbay/kernel/contracts/dns";
import { type ExecutingProvider, executeEach, ProviderError } from "@patchbay/sdk";
import { auditUnit } from "./audit.ts";

/** Told what changed, and answers how the world differs. Every call may come again after a crash: make it idempotent. */
export function createProvider(): ExecutingProvider<DnsUnit> {
  return {
    kind: "execute",
    audit: auditUnit,
    // Talk to the name server here. What is thrown fails its unit alone.
    execute: executeEach({ apply: refuse, remove: refuse }),
    // Nothing was ever applied, so nothing can differ.
    drifted: async () => [],
  };
}

async function refuse(key: string): Promise<void> {
  throw new ProviderError("unsupported", \`\${key}: this backend serves no zones yet\`);
}
`;

const audit = `import type { DnsUnit } from "@patchbay/kernel/contracts/dns";
import type { Issue } from "@patchbay/sdk";

/**
 * What this backend cannot serve of a zone or a record set. The panel asks before anything is changed. While no name server is
 * there everything is refused; then refuse what it cannot do, field by field.
 */
export function auditUnit(_unit: DnsUnit): Issue[] {
  return [{ field: "kind", message: "This backend serves no zones yet." }];
}
`;

const render = `import type { RecordSetUnit } from "@patchbay/kernel/contracts/dns";

/** A record set as lines of a zone file (RFC 1035, 5.1). The data of a unit is canonical presentation format already. */
export function zoneLines({ data, name, ttl, type }: RecordSetUnit): string[] {
  return data.map((one) => \`\${name}. \${ttl} IN \${type} \${one}\`);
}
`;

const providerTest = `import type { RecordSetUnit } from "@patchbay/kernel/contracts/dns";
import { ProviderError } from "@patchbay/sdk";
import { describe, expect, it } from "vitest";
import { createProvider } from "../src/provider.ts";
import { zoneLines } from "../src/render.ts";

const unit: RecordSetUnit = {
  kind: "set",
  zone: "ada.test",
  name: "www.ada.test",
  type: "A",
  ttl: 300,
  data: ["192.0.2.1", "192.0.2.2"],
};

describe("the provider", () => {
  it("refuses what it cannot serve", async () => {
    const provider = createProvider();
    expect(provider.audit(unit)).toEqual([{ field: "kind", message: "This backend serves no zones yet." }]);
    const changes = [{ key: "ada.test|www.ada.test|A", unit, previous: undefined }];
    const failures = await provider.execute(changes, new AbortController().signal);
    expect(failures.get("ada.test|www.ada.test|A")).toBeInstanceOf(ProviderError);
  });
});

describe("the lines of a record set", () => {
  it("are a zone file's", () => {
    expect(zoneLines(unit)).toEqual(["www.ada.test. 300 IN A 192.0.2.1", "www.ada.test. 300 IN A 192.0.2.2"]);
  });
});
`;

const cases = ({ id }: TemplateFacts) => `
  it("can be chosen for the slot dns", async () => {
    const { data, text } = await panel.call("GET", "system/switch-preview", { key: "dns_server", value: "${id}" });
    expect(data, text).toMatchObject({ slot: "dns", to: "${id}" });
  });
`;

const conformance = ({
  id,
  title,
}: TemplateFacts) => `import { type DnsWorld, dnsConformance, type PanelUnderTest } from "@patchbay/sdk/conformance";
import { conformancePanel, testMachine } from "@patchbay/sdk/testing";

/** One look at the world behind the panel: ask the name server itself, not the plugin. */
function world(panel: PanelUnderTest): DnsWorld {
  const ask = async (): Promise<never> => {
    throw new Error(\`ask the name server at \${panel.dns.address}, port \${panel.dns.port}\`);
  };
  return { answers: ask, hasZone: ask, writes: () => panel.applies(), tamper: ask, cutOff: ask };
}

dnsConformance({
  title: ${JSON.stringify(title)},
  option: "${id}",
  plugin: "${id}",
  // Claim one capability after the other; what is not claimed must be refused by audit().
  can: {},
  record: "capabilities.json",
  machine: testMachine,
  start: () => conformancePanel({ plugins: ["."] }),
  world,
});
`;

/** A backend of the slot `dns`. */
export const dnsTemplate: Template = {
  manifest: ({ id }) => ({ provides: [{ slot: "dns", as: id }], requires: ["dns"] }),
  files: (facts) => ({
    "src/index.ts": index(facts),
    "src/provider.ts": provider,
    "src/audit.ts": audit,
    "src/render.ts": render,
    "test/provider.test.ts": providerTest,
    "test/kernel.test.ts": kernelTest(facts.id, cases(facts)),
    "conformance/dns.conformance.ts": conformance(facts),
  }),
  readme:
    () => `It is a backend of the slot \`dns\` that serves nothing yet, and says so: \`audit()\` refuses every zone. From here to a
backend that passes:

1. \`src/provider.ts\`: \`execute()\` tells the name server what changed. A remote API: write a client for it, and declare its access
   token with \`to.pluginSetting({ …, secret: true })\`. A daemon of this machine: ask for it in \`patchbay.grants.services\` of
   \`package.json\`, and name it in \`base()\`.
2. \`drifted()\` reads back what is there.
3. \`src/audit.ts\`: refuse only what the name server cannot do.
4. \`conformance/dns.conformance.ts\`: let \`world()\` ask the name server, then \`npm run conformance\` until it is green. It stops at
   the first case that fails, because those after it start where it ended. It runs on its own and is **red until the
   backend serves**, so it is no part of \`npm test\`.
`,
};
