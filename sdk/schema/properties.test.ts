import { posix } from "node:path";
import fc from "fast-check";
import * as v from "valibot";
import { expect, test } from "vitest";
import * as schemas from "./index.ts";

const { documentRoot, domainName, emailAddress, flag, homePath, httpUrl, multilineText, password, pathIn, text } =
  schemas;

/** Text that comes close to being accepted, and text that does not. */
const pieces = fc.constantFrom(
  ..."abz09AZ.-_/\\%@:;$~'\" \t\n\r\0{}<>()+=,#?&[]*|`^!".split(""),
  "..",
  "//",
  "./",
  "%2e",
  "%2F",
  "%252e",
  "xn--",
  "bücher",
  "ß",
  "і",
  "例",
  "e\u0301",
  "\u00ad",
  "\u200b",
  "\u202e",
  "\u3002",
  "\uff0e",
  "\ud800",
  "\u0085",
  "\u2028",
  "https://",
  "http:",
  ".com",
  ".test",
  "co.uk",
  "public_html",
  "/home/john",
  ".ssh",
);
const mixed = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(""));
const plausible = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc.domain(),
  fc.emailAddress(),
  fc
    .tuple(fc.constantFrom("public_html/", "/home/john/", "https://example.com/", "a@", ""), mixed)
    .map((parts) => parts.join("")),
  fc.tuple(mixed, fc.constantFrom(".com", ".test", "@example.com", "/x")).map((parts) => parts.join("")),
  fc.string({ unit: "binary" }),
  mixed,
);
const anything = fc.oneof(plausible, plausible, plausible, fc.anything(), fc.integer(), fc.integer().map(String));

const all: Readonly<Record<string, v.GenericSchema<unknown, unknown>>> = {
  accountPath: schemas.accountPath,
  choice: schemas.choice(["a", "b", 301]),
  documentRoot: documentRoot("/home/john"),
  domainName,
  emailAddress,
  flag,
  homePath,
  hostName: schemas.hostName,
  httpUrl,
  isoDate: schemas.isoDate,
  mailboxAddress: schemas.mailboxAddress,
  multilineText: multilineText(0, 200),
  objectId: schemas.objectId,
  page: schemas.pageQuery.page,
  password,
  pathIn: pathIn("/home/john"),
  perPage: schemas.pageQuery.per_page,
  phpVersion: schemas.phpVersion,
  queryBool: schemas.queryBool,
  queryInt: schemas.queryInt(-5, 500),
  safeInt: schemas.safeInt(-5, 500),
  scopeName: schemas.scopeName,
  text: text(0, 200),
  timestamp: schemas.timestamp,
  username: schemas.username,
};
/** Keeps what it is given byte for byte, or has lines. */
const mayHoldControls = new Set(["password", "multilineText"]);

for (const [name, schema] of Object.entries(all)) {
  test(`${name} is idempotent and returns no control characters`, () => {
    fc.assert(
      fc.property(anything, (input) => {
        const once = v.safeParse(schema, input);
        if (!once.success) return;
        expect(v.parse(schema, once.output)).toBe(once.output);
        const clean = mayHoldControls.has(name) || !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(String(once.output));
        expect(clean).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
}

/** As the file system reads it, and as somebody would who decodes it once too often. */
function readings(path: string): string[] {
  const decoded = path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return [path, decoded].map((text) => `${posix.resolve("/home/john", text.replace(/^\/+/, ""))}/`);
}

test("a path never leaves the home", () => {
  fc.assert(
    fc.property(plausible, (input) => {
      const relative = v.safeParse(homePath, input);
      const outside = relative.success
        ? readings(relative.output).filter((path) => !path.startsWith("/home/john/"))
        : [];
      expect(outside).toEqual([]);
    }),
    { numRuns: 5000 },
  );
});

test("a document root lies in the home", () => {
  fc.assert(
    fc.property(plausible, (input) => {
      const root = v.safeParse(documentRoot("/home/john"), input);
      expect(!root.success || posix.normalize(root.output).startsWith("/home/john/")).toBe(true);
    }),
    { numRuns: 5000 },
  );
});

test("a URL keeps the host that was written", () => {
  fc.assert(
    fc.property(fc.domain(), mixed, (host, rest) => {
      const url = v.safeParse(httpUrl, `https://${host}/${rest}`);
      expect(!url.success || new URL(url.output).host === host.toLowerCase()).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("a domain is ASCII labels of at most 63 characters, 253 in all", () => {
  fc.assert(
    fc.property(plausible, (input) => {
      const name = v.safeParse(domainName, input);
      if (!name.success) return;
      expect(name.output).toMatch(/^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/);
    }),
    { numRuns: 5000 },
  );
});
