import type { RenderedFile, Stand } from "@patchbay/sdk";
import type { SiteUnit } from "@patchbay/web/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testHostInfo } from "../../test/harness/host-info.ts";
import { createApacheProvider } from "./provider.ts";
import { createLiveHost, filesOf, type LiveHost } from "./testing/live-host.ts";

const place = "/srv/patchbay";
const web = { uid: 0, gid: 0 };
const info = testHostInfo({ root: place, ports: { http: 31_080, https: 31_443 }, web, multiUser: true });
const ports = { http: 31_880, https: 31_963 };
const provider = createApacheProvider(info, { certificate: "the certificate\n", privateKey: "the key\n" });

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

  it("passes Apache's own test", () => {
    host.write({ files: files.map(({ path, content }) => ({ path, content: content.replaceAll(place, host.root) })) });
    expect(host.test()).toEqual({ status: 0, output: "Syntax OK\n" });
  });
});

/** Of the side only what differs from the front. */
function treeAt(stand: Stand): RenderedFile[] {
  const rendered = units().map((unit) => provider.render(keyOf(unit), unit));
  const relayed = site("relayed.test");
  const relay = provider.relay(keyOf(relayed), relayed, { http: 31_881, https: 31_964 });
  const all = filesOf([provider.base(stand), provider.generation(1), ...rendered, relay]);
  const front = new Map(
    stand.role === "front" ? [] : treeAt({ ...stand, role: "front" }).map(({ path, content }) => [path, content]),
  );
  return [...all]
    .map(([path, content]) => ({ path, content }))
    .filter((file) => front.get(file.path) !== file.content)
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function site(name: string, patch: Partial<SiteUnit> = {}): SiteUnit {
  return {
    names: [name],
    kind: "site",
    account: { username: "john", home: `${place}/homes/john` },
    state: "active",
    root: `${place}/homes/john/public_html`,
    php: null,
    redirect: null,
    https: { file: "certificates/site.pem", certificate: "0".repeat(64), force: false, hsts: null },
    includes: {},
    ...patch,
  };
}

function units(): SiteUnit[] {
  const { https } = site("x.test");
  const php = { socket: "php/john-8.2.sock" };
  const redirect = { to: 'https://example.com/$host?a="b"|c\\', code: 301 } as const;
  return [
    site("plain.test", { names: ["plain.test", "www.plain.test"], php }),
    site("forced.test", { php, https: { ...https, force: true, hsts: 31_536_000 } }),
    site("suspended.test", { php, state: "suspended" }),
    site("go.test", { kind: "redirect", root: null, redirect }),
    site("own.test", { includes: { apache: "Header set A b\n<Location /x>\n  Header set C d\n</Location>" } }),
  ];
}

const keyOf = (unit: SiteUnit) => unit.names[0] as string;
