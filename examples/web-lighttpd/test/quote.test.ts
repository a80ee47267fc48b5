import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isQuotable, list, literally, quote } from "../src/quote.ts";
import { TestLighttpd } from "./lighttpd.ts";
import { freePorts } from "./ports.ts";

/** Values that tenants choose, and worse. */
const hostile = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({
    unit: fc.constantFrom("$", "{", "}", '"', "\\", "#", " ", "(", ")", ",", "=", ">", "+", "é", "\u{1f600}"),
  }),
);

/** Answers every value of the environment that configuration sets, in hex. */
const script = `local env, values = lighty.r.req_env, {}
for at = 0, tonumber(env["COUNT"]) - 1 do values[at + 1] = lighty.c.hexenc(env["V" .. at] or "") end
lighty.r.resp_body.set({ table.concat(values, ",") })
return 200
`;

/** What lighttpd itself read. */
async function asRead(values: readonly string[]): Promise<string[]> {
  const daemon = new TestLighttpd();
  const [port = 0] = await freePorts(1);
  const texts = { COUNT: String(values.length), ...Object.fromEntries(values.map((text, at) => [`V${at}`, text])) };
  const quoted = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, quote(text)]));
  const content = `server.modules = ( "mod_setenv", "mod_magnet" )
server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "/nonexistent"
magnet.attract-raw-url-to = ( ${quote(`${daemon.root}/etc/web-lighttpd/values.lua`)} )
setenv.set-environment = ${list(quoted)}
`;
  const files = [
    { path: "lighttpd.conf", content },
    { path: "values.lua", content: script },
  ];
  daemon.write({ files });
  const ask = () => fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
  try {
    await daemon.start(async () => (await ask()).ok);
    return (await (await ask()).text()).split(",").map((hex) => Buffer.from(hex, "hex").toString());
  } finally {
    await daemon.stop();
  }
}

describe("quote", () => {
  it("is read by lighttpd as exactly the value, whatever the value", async () => {
    const many = fc.array(hostile.filter(isQuotable), { minLength: 500, maxLength: 1000 });
    const isRead = fc.asyncProperty(many, async (values) => {
      expect(await asRead(values)).toEqual(values);
    });
    await fc.assert(isRead, { numRuns: 5, endOnFailure: true });
  }, 60_000);

  it("refuses what no quoting can carry", () => {
    for (const text of ["a\nb", "a\rb", "\0", "\u007f", "\ud800", "a\\"]) expect(() => quote(text)).toThrow(RangeError);
  });
});

describe("literally", () => {
  it("matches the text and nothing else", () => {
    const pairs = fc.property(fc.string(), fc.string(), (text, other) => {
      const pattern = new RegExp(`^(?:${literally(text)})$`);
      expect(pattern.test(text)).toBe(true);
      expect(pattern.test(other)).toBe(text === other);
    });
    fc.assert(pairs);
  });
});
