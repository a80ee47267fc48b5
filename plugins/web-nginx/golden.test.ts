import type { RenderedFile, Stand } from "@patchbay/sdk";
import type { SiteUnit } from "@patchbay/web/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testHostInfo } from "../../test/harness/host-info.ts";
import { createNginxProvider } from "./provider.ts";
import { createLiveHost, filesOf, type LiveHost } from "./testing/live-host.ts";
import { testSite } from "./testing/site.ts";

const place = "/srv/patchbay";
const info = testHostInfo({
  root: place,
  ports: { http: 31_080, https: 31_443 },
  web: { uid: 0, gid: 0 },
  multiUser: true,
});
const ports = { http: 31_880, https: 31_963 };
const provider = createNginxProvider(info);

let host: LiveHost;

beforeAll(async () => {
  host = await createLiveHost();
});

afterAll(() => host.stop());

describe.each(["front", "side"] as const)("the whole tree at the %s", (role) => {
  const files = treeAt({ role, ports });

  it("is what was written down", async () => {
    const text = files.map(({ path, content }) => `==== ${path}\n${content}`).join("\n");
    await expect(text).toMatchFileSnapshot(`golden/${role}.txt`);
  });

  it("passes nginx's own test", () => {
    host.write({ files: files.map(({ path, content }) => ({ path, content: content.replaceAll(place, host.root) })) });
    expect(host.test()).toEqual({ status: 0, output: "" });
  });
});

/** Of the side only what differs from the front. */
function treeAt(stand: Stand): RenderedFile[] {
  const rendered = [
    provider.base(stand),
    provider.generation(1),
    ...units().map((unit) => provider.render(keyOf(unit), unit)),
  ];
  const relayed = testSite("relayed.test");
  const all = [...filesOf([...rendered, provider.relay(keyOf(relayed), relayed, { http: 31_881, https: 31_964 })])];
  const front = new Map(
    stand.role === "front" ? [] : treeAt({ ...stand, role: "front" }).map((file) => [file.path, file.content]),
  );
  return all
    .map(([path, content]) => ({ path, content }))
    .filter((file) => front.get(file.path) !== file.content)
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function units(): SiteUnit[] {
  const { https } = testSite("x.test");
  const php = { socket: "php/john-8.2.sock" };
  const redirect = { to: 'https://example.com/$host?a="b"|c\\', code: 301 } as const;
  return [
    testSite("plain.test", { names: ["plain.test", "www.plain.test"], php }),
    testSite("forced.test", {
      php,
      https: { ...https, file: "certificates/0a/forced.test.pem", force: true, hsts: 31_536_000 },
    }),
    testSite("suspended.test", { php, state: "suspended" }),
    testSite("go.test", { kind: "redirect", root: null, redirect }),
    testSite("own.test", { includes: { nginx: "add_header A b;\nlocation /x { add_header C d; }" } }),
  ];
}

const keyOf = (unit: SiteUnit) => unit.names[0] as string;
