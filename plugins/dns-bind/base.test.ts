import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { baseOf } from "./base.ts";
import { quote } from "./quote.ts";
import { parseSecondaries, secondariesSetting } from "./secondaries.ts";
import { LiveNamed } from "./testing/live-named.ts";

let named: LiveNamed;
beforeAll(async () => {
  named = await LiveNamed.create();
});
afterAll(() => named.end());

const options = (address = "127.0.0.1") => {
  const { files = [] } = baseOf({ info: { ...named.info, address }, keys: named.keys, secondaries: [] });
  return files.find(({ path }) => path === "options.conf")?.content ?? "";
};

describe("the configuration test", () => {
  it("reads a staged tree while there is no other", () => {
    const shadow = join(named.root, "shadow");
    mkdirSync(shadow);
    writeFileSync(join(shadow, "options.conf"), options());
    expect(named.test(shadow)).toMatchObject({ status: 0, stdout: "" });
    writeFileSync(join(shadow, "options.conf"), options().replace("recursion no;", "recursion perhaps;"));
    expect(named.test(shadow).status).toBe(1);
  });

  it.each(["0.0.0.0", "::", "::1", "2001:db8::1", "192.0.2.1"])("passes for the address %s", (address) => {
    writeFileSync(join(named.root, "options.conf"), options(address));
    expect(named.test(named.root)).toMatchObject({ status: 0, stdout: "" });
  });
});

describe("a broken configuration", () => {
  it("does not stop what is served, and is no new generation", async () => {
    await named.apply();
    const broken = { path: "options.conf", content: options().replace("recursion no;", "recursion perhaps;") };
    const next = named.provider.generation?.(50) ?? {};
    named.write(next, { files: [broken] });
    named.hup();
    await named.until(() => named.log().includes("reloading configuration failed"));
    expect(await named.probe(next)).toBe(false);
    expect(await named.probe(named.provider.generation?.(1) ?? {})).toBe(true);
    await named.apply();
  });
});

describe("secrets", () => {
  it("are in the file that says so, and nowhere else", () => {
    const { files = [] } = baseOf({ info: named.info, keys: named.keys, secondaries: [] });
    for (const { secret } of Object.values(named.keys)) {
      const text = Buffer.from(secret).toString("base64");
      const holders = files.filter(({ content }) => content.includes(text));
      expect(holders.map((file) => [file.path, file.secret])).toEqual([["keys.conf", true]]);
    }
  });
});

describe("the setting of the secondaries", () => {
  it.each([
    ["", ""],
    [
      " 192.0.2.1,192.0.2.2:5353\n2001:DB8::1 [2001:db8::2]:53 192.0.2.1 ",
      "192.0.2.1 192.0.2.2:5353 [2001:db8::1] [2001:db8::2]",
    ],
  ])("is brought into one form: %s", (text, canonical) => {
    expect(v.parse(secondariesSetting.schema, text)).toBe(canonical);
    expect(v.parse(secondariesSetting.schema, canonical)).toBe(canonical);
  });

  it.each([
    "192.0.2.256",
    "ns.example.org",
    "192.0.2.1:0",
    "192.0.2.1:70000",
    "[::1",
    "::1; }; zone x",
    '"',
    "fe80::1%eth0",
  ])("refuses %s", (text) => {
    expect(v.safeParse(secondariesSetting.schema, text).success).toBe(false);
  });

  it("refuses more than twenty", () => {
    const many = Array.from({ length: 21 }, (_, at) => `192.0.2.${at}`).join(" ");
    expect(() => parseSecondaries(many)).toThrow("more than");
  });
});

describe("strings of named.conf", () => {
  it("hold what named reads as it stands, and nothing else", () => {
    expect(quote("/srv/a b;{}#//ä")).toBe('"/srv/a b;{}#//ä"');
    for (const text of ['a"b', "a\\b", "a\nb", "a\0b", "a\u007fb"])
      expect(() => quote(text)).toThrow("cannot be written");
    const file = join(named.root, "quoted.conf");
    writeFileSync(file, `options { directory "/"; pid-file ${quote("/srv/a b;{}#//ä")}; };\n`);
    expect(named.run("named-checkconf", ["-p", file]).stdout).toContain('pid-file "/srv/a b;{}#//ä"');
  });
});
