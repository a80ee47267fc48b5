import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { privilegedOps } from "@patchbay/sdk/privileged";
import * as fc from "fast-check";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Grants } from "./grants.ts";
import { sandboxLayout, systemLayout } from "./layout.ts";
import { type AskedManifest, reviewGrants } from "./plugin-rules.ts";
import { isRootsAlone } from "./program-owner.ts";

const layout = sandboxLayout("/srv/panel");

export function asking(...services: Record<string, unknown>[]): AskedManifest {
  const all = services.map((more, at) => [
    `daemon-${at}`,
    {
      title: "Daemon",
      user: "web",
      argv: ["/usr/bin/sleep", "60"],
      test: ["/usr/bin/true"],
      reload: "SIGHUP",
      stop: "SIGTERM",
      ...more,
    },
  ]);
  const manifest = { id: "guest", packages: [], grants: { services: Object.fromEntries(all) as unknown } };
  return v.parse(privilegedOps["plugin.admit"].input, { manifest, version: "1.0.0" }).manifest;
}

const refusals = (more: Record<string, unknown>) => reviewGrants(asking(more), layout).refusals;
const program = (path: string) => refusals({ argv: [path] });
const argument = (word: string, more: Record<string, unknown> = {}) =>
  refusals({ argv: ["/usr/bin/sleep", word], ...more });

describe("what is never granted", () => {
  it.each([
    "sleep",
    "./sleep",
    "{state}/evil",
    "/{state}/evil",
    "/usr/bin/{instance}",
    "/usr/bin/../bin/sleep",
    "/usr//bin/sleep",
    "/usr/bin/./sleep",
    "/usr/bin/",
    "/srv/panel/plugins/guest/node_modules/guest/evil",
    "/srv/panel/etc/guest/evil",
    "/srv/panel/homes/alice/evil",
    "/home/alice/evil",
    "/tmp/evil",
    "/proc/self/exe",
    "",
  ])("%s as a program", (path) => {
    expect(program(path)).toHaveLength(1);
    expect(refusals({ test: [path] })).toHaveLength(1);
  });

  it.each([
    "/srv/panel/plugins/guest/x.conf",
    "--config=/srv/panel/homes/alice/x",
    "-c/home/alice/x",
    "/usr/share/x:/home/alice",
    "srv/panel/homes/alice",
    "./home/alice",
    "/usr/../home/alice/x",
    "//home//alice",
    "{tree}/../../homes/alice",
    "/home{tree}",
    "{tree}{state}",
    "--x={state}/..",
    "{tree}/{nothing}",
    "{TREE}",
    "{tree",
    "{instance}",
    "{1}",
    "a\nb",
    "a\u0000b",
  ])("%j as an argument", (word) => {
    expect(argument(word).length).toBeGreaterThan(0);
  });

  it.each([
    "(a+)+",
    "(a*)*b",
    "(a|a)+",
    ".*",
    "a{1,9}{1,9}",
    "(a",
    "[^a]",
    "a?a?a?a?a?aaaaa",
    "x".repeat(101),
    "\\w+",
    "(?=a)",
    "$^|",
  ])("%s as a pattern of instances", (instance) => {
    expect(refusals({ instance })).toEqual(["the service daemon-0 has an instance pattern that is not plain enough"]);
  });

  it("the panel's folders of a real server, many services, and a stop without an end", () => {
    const real = systemLayout("/var/lib/panel-data");
    for (const path of ["/etc/patchbay/web/evil", "/var/lib/patchbay/state/x", "/var/lib/panel-data/x"]) {
      expect(reviewGrants(asking({ argv: [path] }), real).refusals).toHaveLength(1);
    }
    expect(reviewGrants(asking(...Array.from({ length: 9 }, () => ({}))), layout).refusals).toHaveLength(1);
    expect(argument("x".repeat(1025))).toHaveLength(1);
    expect(refusals({ stopTimeoutMs: 3_600_000 })).toHaveLength(1);
    expect(refusals({ argv: ["/usr/bin/sleep", ...Array.from({ length: 64 }, () => "1")] })).toHaveLength(1);
  });

  it("leaves what an ordinary daemon needs", () => {
    expect(
      reviewGrants(
        asking({
          argv: [
            "/usr/sbin/lighttpd",
            "-D",
            "-f",
            "{tree}/lighttpd.conf",
            "-m",
            "/usr/lib/lighttpd",
            "--pid={run}/d.pid",
            "-l{log}",
            "a=b:c",
          ],
          test: ["/usr/sbin/lighttpd", "-tt", "-f", "{tree}/{1}/{2}/{instance}.conf"],
          instance: "^([0-9]\\.[0-9])-([0-9]{1,4})$",
        }),
        layout,
      ),
    ).toEqual({ refusals: [], root: [] });
  });
});

it("never lets an argument out of the folders that are filled in", () => {
  const piece = fc.constantFrom(
    "{tree}",
    "{state}",
    "{1}",
    "{instance}",
    "..",
    ".",
    "/",
    "a",
    "=",
    "-c",
    "home",
    "{",
    "}",
  );
  const name = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,12}$/);
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), name, (pieces, instance) => {
      const word = pieces.join("");
      const manifest = asking({ argv: ["/usr/bin/sleep", word], instance: "([a-z0-9.-]+)" });
      if (reviewGrants(manifest, layout).refusals.length > 0) return;
      const grants = new Grants([], layout);
      grants.admit(manifest);
      let filled: string;
      try {
        filled = grants.service({ plugin: "guest", service: "daemon-0", instance }).argv[1] ?? "";
      } catch {
        return;
      }
      expect(filled.split(/[/=:,]/)).not.toContain("..");
      expect(filled).not.toMatch(/^\/home(?:\/|$)/);
    }),
    { numRuns: 2000 },
  );
});

it("judges any pattern and any name within a blink", () => {
  const pattern = fc.stringMatching(/^[a-z0-9.()+*?{},\\[\]^$|-]{0,40}$/);
  const name = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{40}$/);
  fc.assert(
    fc.property(pattern, name, (instance, tried) => {
      if (refusals({ instance }).length > 0) return;
      const begun = performance.now();
      new RegExp(`^(?:${instance})$`).exec(tried);
      expect(performance.now() - begun).toBeLessThan(500);
    }),
    { numRuns: 2000 },
  );
});

describe("a program", () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync("/opt/patchbay-program-");
    chmodSync(dir, 0o755);
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  const file = (name: string, mode: number) => {
    writeFileSync(join(dir, name), "");
    chmodSync(join(dir, name), mode);
    return join(dir, name);
  };

  it("is root's alone when nobody else can change it or what leads to it", () => {
    expect(isRootsAlone("/usr/bin/env")).toBe(true);
    expect(isRootsAlone(file("good", 0o755))).toBe(true);
    expect(isRootsAlone(join(dir, "not-there-yet"))).toBe(true);
    symlinkSync("good", join(dir, "link"));
    expect(isRootsAlone(join(dir, "link"))).toBe(true);
  });

  it("is not when somebody can", () => {
    expect(isRootsAlone(file("open", 0o757))).toBe(false);
    expect(isRootsAlone(file("group", 0o775))).toBe(false);
    expect(isRootsAlone(join(tmpdir(), "not-there-yet"))).toBe(false);
    mkdirSync(join(dir, "wide"), { mode: 0o777 });
    chmodSync(join(dir, "wide"), 0o777);
    expect(isRootsAlone(file("wide/tool", 0o755))).toBe(false);
    symlinkSync(join(dir, "wide", "tool"), join(dir, "by-link"));
    expect(isRootsAlone(join(dir, "by-link"))).toBe(false);
    symlinkSync("round", join(dir, "round"));
    expect(isRootsAlone(join(dir, "round"))).toBe(false);
    expect(isRootsAlone(dir)).toBe(false);
    const seen = reviewGrants(asking({ argv: [join(dir, "open")], user: "root" }), layout);
    expect(seen).toEqual({
      refusals: [],
      root: [expect.stringContaining("as root"), expect.stringContaining("not root's alone")],
    });
  });
});
