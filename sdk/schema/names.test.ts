import * as v from "valibot";
import { describe, expect, test } from "vitest";
import * as schemas from "./index.ts";

type AnySchema = v.GenericSchema<unknown, unknown>;

function accepts(schema: AnySchema, pairs: readonly (readonly [unknown, unknown])[]): void {
  expect(pairs.map(([input]) => v.parse(schema, input))).toEqual(pairs.map(([, output]) => output));
}

function refuses(schema: AnySchema, inputs: readonly unknown[]): void {
  expect(inputs.filter((input) => v.safeParse(schema, input).success)).toEqual([]);
}

function codeOf(schema: AnySchema, input: unknown): string | undefined {
  return schemas.toFieldErrors(v.safeParse(schema, input).issues ?? [])[0]?.code;
}

const label63 = "a".repeat(63);

describe("names", () => {
  test("domainName", () => {
    accepts(schemas.domainName, [
      ["site.test", "site.test"],
      ["EXAMPLE.com", "example.com"],
      ["BÜCHER.example.", "xn--bcher-kva.example"],
      ["日本語abc.jp", "xn--abc-s08fl0dtz6h.jp"],
      ["пример.рф", "xn--e1afmkfd.xn--p1ai"],
      [`${label63}.com`, `${label63}.com`],
      ["1and1.com", "1and1.com"],
      ["shop.localhost", "shop.localhost"],
      [
        `${`${label63}.`.repeat(3)}${"a".repeat(57)}.test`.slice(0, 253),
        `${`${label63}.`.repeat(3)}${"a".repeat(57)}.test`.slice(0, 253),
      ],
    ]);
    refuses(schemas.domainName, [
      "localhost",
      "example",
      "co.uk",
      "COM.AU.",
      "example.com..",
      ".example.com",
      "a_b.com",
      "*.a.com",
      `${label63}a.com`,
      "xn--a.com",
      "xn--vctim-n2e.test",
      "vіctim.test",
      "a\u0585b.com",
      "１.com",
      "ｅvil.com",
      "ﬁ.com",
      "e\u0301.com",
      "١.com",
      "xn--abc-.com",
      "xn--53h.ws",
      "a\u200cb.com",
      "1.2.3.4",
      "a.0x7f",
      "a.b.c.9",
      "-a.com",
      "K.com".replace("K", "\u212a"),
    ]);
  });

  test("hostName takes what lies under a public suffix, and the suffix itself", () => {
    accepts(schemas.hostName, [
      ["NS1.Example.com.", "ns1.example.com"],
      ["co.uk", "co.uk"],
    ]);
    refuses(schemas.hostName, ["ns1", "ns_1.example.com", "10.0.0.1", "ns1.example.com:53"]);
  });

  test("username", () => {
    accepts(schemas.username, [
      ["jo", "jo"],
      ["test1", "test1"],
      ["demo", "demo"],
    ]);
    refuses(schemas.username, [
      "root",
      "www",
      "novacpx",
      "patchbay",
      "system",
      "anonymous",
      "prototype",
      "users",
      "1a",
      "jo\n",
    ]);
    expect(codeOf(schemas.username, "root")).toBe("choice");
  });

  test("e-mail addresses", () => {
    accepts(schemas.emailAddress, [
      ["admin@example.com", "admin@example.com"],
      ["first.last+tag@sub.example.com", "first.last+tag@sub.example.com"],
    ]);
    refuses(schemas.emailAddress, [
      "a..b@example.com",
      "a@co.uk",
      "a b@example.com",
      "a@example.com ",
      `${"a".repeat(65)}@b.test`,
    ]);
    accepts(schemas.mailboxAddress, [["Info@Example.com", "info@example.com"]]);
    refuses(schemas.mailboxAddress, ["Admin@example.com", "postmaster@example.com", "a_@example.com"]);
  });

  test("scopeName", () => {
    accepts(schemas.scopeName, [
      ["domains:read", "domains:read"],
      ["*:*", "*:*"],
    ]);
    refuses(schemas.scopeName, ["domains", "domains:", "domains:admin", "Domains:read", "domains:read "]);
  });
});

describe("places", () => {
  test("httpUrl", () => {
    accepts(schemas.httpUrl, [
      ["https://example.com", "https://example.com/"],
      ["HTTPS://Example.COM:443/a?b=c#d", "https://example.com/a?b=c#d"],
      ["http://127.0.0.1:8080/", "http://127.0.0.1:8080/"],
      ["https://[2001:DB8::1]/", "https://[2001:db8::1]/"],
      ["https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"],
    ]);
    refuses(schemas.httpUrl, [
      "javascript:alert(1)",
      "https:example.com",
      "//example.com/",
      "https://user:pw@example.com/",
      "https://@example.com/",
      "http://127.1/",
      "http://0x7f.1/",
      "http://0177.0.0.1/",
      "http://0/",
      "https://exa\u00admple.com/",
      "https://a%2eb.com/",
      "https://a b.com/",
      "https://a.com/ b",
      "https://a.com/\u0085",
      "https://ex_ample.com/",
      "https:///a.com",
      "https://a.com:x/",
      `https://a.com/${"a".repeat(2048)}`,
      `https://a.com/${"ü".repeat(400)}`,
    ]);
  });

  test("httpUrl says why credentials are refused", () => {
    const { issues } = v.safeParse(schemas.httpUrl, "https://user:pw@example.com/");
    expect(schemas.toFieldErrors(issues ?? [])).toEqual([
      { field: "", code: "format", message: "must not have a user name or password" },
    ]);
  });

  test("homePath and accountPath", () => {
    accepts(schemas.homePath, [
      ["./a/./b/", "a/b"],
      [".", "."],
      ["a/...", "a/..."],
      ["100%.txt", "100%.txt"],
      ["a%2Fb", "a%2Fb"],
    ]);
    refuses(schemas.homePath, [
      "",
      "a/..",
      "a/%2e%2e/b",
      "a/%2E./b",
      "a/%c0%ae%c0%ae/b",
      "a/..;v=1/b",
      "a%00b",
      "~",
      "./~root/x",
      "$HOME",
      "./.ssh",
      ".SSH/x",
      "C:/x",
      "/home/john/a",
      "a\ud800",
      "a/\u0085",
      "a".repeat(256),
      `${"%25".repeat(300)}2e`,
    ]);
    accepts(schemas.accountPath, [
      ["/home/john//a/", "/home/john/a"],
      ["a", "a"],
    ]);
  });

  test("pathIn and documentRoot compare whole directories", () => {
    accepts(schemas.pathIn("/home/john"), [
      ["/home/john", "."],
      ["/home/john/a//b", "a/b"],
      ["a", "a"],
    ]);
    refuses(schemas.pathIn("/home/john"), [
      "/home/john2/a",
      "/home/johnx",
      "/home",
      "/home/john/.ssh",
      "/home/john/../jane",
    ]);
    accepts(schemas.documentRoot("/home/john"), [
      ["/home/john/public_html", "/home/john/public_html"],
      ["public_html/é b's", "/home/john/public_html/é b's"],
      ["public_html/.well-known", "/home/john/public_html/.well-known"],
    ]);
    refuses(schemas.documentRoot("/home/john"), [
      "/home/john",
      ".",
      "/",
      "/home/john2",
      ".config",
      "/home/john/.ssh",
      "a;b",
      "a{b",
      'a"b',
      "a\\",
      "a$b",
      "a%b",
      "a#b",
      "a\tb",
      "a /b",
    ]);
  });
});
