import { join } from "node:path";
import { type DnsWorld, dnsConformance, type PanelUnderTest } from "@patchbay/sdk/conformance";
import { CloudflareDouble, doubleToken } from "../../test/harness/cloudflare/double.ts";
import type { StoredRecord } from "../../test/harness/cloudflare/request-schemas.ts";
import { startConformancePanel, testMachine } from "../../test/harness/conformance-panel.ts";

const doubles = new Map<PanelUnderTest, CloudflareDouble>();

function doubleOf(panel: PanelUnderTest): CloudflareDouble {
  const double = doubles.get(panel);
  if (!double) throw new Error("the panel was started without its double");
  return double;
}

/** A panel that has been told where its Cloudflare is. */
async function start(): Promise<PanelUnderTest> {
  const double = await CloudflareDouble.start();
  const panel = await startConformancePanel();
  const values = { api_token: doubleToken, base_url: double.baseUrl };
  const saved = await panel.call("POST", "plugins/save-settings", { id: "dns-cloudflare", values });
  if (saved.status !== 200) throw new Error(`the settings were not saved: ${saved.text}`);
  const stop = async () => {
    await panel.stop();
    await double.stop();
  };
  const whole = { ...panel, stop };
  doubles.set(whole, double);
  return whole;
}

function toText(record: StoredRecord): string {
  if (record.type === "MX") return `${record.priority} ${record.content}`;
  return "data" in record ? Object.values(record.data).join(" ") : record.content;
}

function world(panel: PanelUnderTest): DnsWorld {
  const double = doubleOf(panel);
  const all = () => double.zones.all().flatMap((zone) => [...zone.records.values()]);
  return {
    answers: async (name, type) =>
      all()
        .filter((one) => one.name === name && one.type === type)
        .map(toText),
    hasZone: async (zone) => double.zones.named(zone) !== undefined,
    writes: async () => double.writes().length,
    tamper: async (zone, name, type) => {
      const records = double.zones.named(zone)?.records;
      for (const one of records?.values() ?? []) if (one.name === name && one.type === type) records?.delete(one.id);
    },
    cutOff: async () => {
      double.behave({ failing: { status: 503, times: Number.POSITIVE_INFINITY } });
      return async () => double.behave({});
    },
  };
}

dnsConformance({
  title: "Cloudflare",
  option: "cloudflare",
  plugin: "dns-cloudflare",
  can: { dnssec: true },
  record: join(import.meta.dirname, "capabilities.json"),
  machine: testMachine,
  start,
  world,
});
