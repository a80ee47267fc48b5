import type { SiteUnit } from "@patchbay/kernel/contracts/web";
import type { RenderedFile, Stand } from "@patchbay/sdk";
import { afterAll, describe, expect, it } from "vitest";
import { createLighttpdProvider } from "../src/provider.ts";
import { ownCertificate, TestLighttpd } from "./lighttpd.ts";
import { hostAt, testSite } from "./site.ts";

const place = "/srv/patchbay";
const provider = createLighttpdProvider(hostAt(place, { http: 31_080, https: 31_443 }), ownCertificate);
const ports = { http: 31_880, https: 31_963 };
const daemon = new TestLighttpd();

afterAll(() => daemon.stop());

describe.each(["front", "side"] as const)("the whole tree at the %s", (role) => {
  const files = treeAt({ role, ports });

  it("is what was written down", async () => {
    const shown = files.map(({ path, content, secret }) => `==== ${path}\n${secret ? "(secret)\n" : content}`);
    await expect(shown.join("\n")).toMatchFileSnapshot(`../golden/${role}.txt`);
  });

  it("passes lighttpd's own test", () => {
    daemon.write({ files: files.map((file) => ({ ...file, content: file.content.replaceAll(place, daemon.root) })) });
    for (const unit of units()) daemon.certify(keyOf(unit));
    expect(daemon.test()).toEqual({ status: 0, output: "" });
  });
});

/** Of the side only what differs from the front. */
function treeAt(stand: Stand): RenderedFile[] {
  const rendered = [
    provider.base(stand),
    provider.generation(1),
    ...units().map((unit) => provider.render(keyOf(unit), unit)),
  ];
  const front = new Map(
    stand.role === "front" ? [] : treeAt({ ...stand, role: "front" }).map((file) => [file.path, file.content]),
  );
  return rendered
    .flatMap(({ files = [] }) => files)
    .filter((file) => front.get(file.path) !== file.content)
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function units(): SiteUnit[] {
  const { https } = testSite("x.test");
  const php = { socket: "php/john-8.2.sock" };
  const redirect = { to: 'https://example.com/$host?a="b"|c\\d', code: 301 } as const;
  return [
    testSite("plain.test", { names: ["plain.test", "www.plain.test"], php }),
    testSite("forced.test", {
      php,
      https: { ...https, file: "certificates/00/forced.test.pem", force: true, hsts: 31_536_000 },
    }),
    testSite("suspended.test", { php, state: "suspended" }),
    testSite("go.test", { kind: "redirect", root: null, redirect }),
  ];
}

const keyOf = (unit: SiteUnit) => unit.names[0] as string;
