import { isPanelError } from "@patchbay/sdk";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type RecordType, recordTypes } from "./contract.ts";
import { toRelative } from "./names.ts";
import { type RecordDraft, showData, toDraft } from "./record-data.ts";
import { hostNames, recordsOf } from "./testing/records.ts";

const zone = "example.com";

function read(type: RecordType, name: string, value: string, priority: number | null = null): RecordDraft {
  return toDraft({ zone, type, name, value, priority });
}

/** The stored data, or the field and the rule that was broken. */
function outcome(type: RecordType, value: string, priority: number | null = null, name = "x"): string {
  try {
    return read(type, name, value, priority).data;
  } catch (error) {
    if (!isPanelError(error)) throw error;
    return error.fields.map(({ field, code }) => `!${field} ${code}`).join();
  }
}

const owner = (name: string, type: RecordType = "TXT") => {
  try {
    return read(type, name, type === "TXT" ? "x" : "192.0.2.1").name;
  } catch (error) {
    return isPanelError(error) ? `!${error.fields[0]?.field} ${error.fields[0]?.code}` : String(error);
  }
};

describe("an owner", () => {
  it("is the zone, relative to it, or absolute inside it", () => {
    expect(
      [
        "@",
        "www",
        "WWW",
        "www.example.com",
        "www.example.com.",
        "example.com.",
        "a.b",
        "*",
        "*.a",
        "_dmarc",
        "Bücher",
      ].map((name) => owner(name)),
    ).toEqual([
      "example.com",
      "www.example.com",
      "www.example.com",
      "www.example.com",
      "www.example.com",
      "example.com",
      "a.b.example.com",
      "*.example.com",
      "*.a.example.com",
      "_dmarc.example.com",
      "xn--bcher-kva.example.com",
    ]);
  });

  it("is refused outside, with other characters, too long, or as an inner wildcard", () => {
    const wrong = [
      "",
      ".",
      "www.victim.test.",
      "victimexample.com.",
      "a b",
      "a;b",
      "a\\.b",
      "a.*.b",
      "a*",
      "**",
      "$INCLUDE",
    ];
    expect(wrong.map((name) => owner(name)).filter((found) => !found.startsWith("!name"))).toEqual([]);
    const long = [
      "a".repeat(64),
      "-a",
      "a-",
      "a..b",
      "a\n",
      "@@",
      "_é",
      "\u212a_x",
      `${"a.".repeat(130)}a`,
      '"',
      "a.\r",
    ];
    expect(long.map((name) => owner(name)).filter((found) => !found.startsWith("!name"))).toEqual([]);
    expect(owner(`${"a.".repeat(120)}a`)).toMatch(/^(?:a\.)+example\.com$/);
  });

  it("has underscores where no host can be", () => {
    expect([owner("_a", "A"), read("CNAME", "_a", "b").name, read("SRV", "_sip._tcp", "1 2 3 b").name]).toEqual([
      "!name format",
      "_a.example.com",
      "_sip._tcp.example.com",
    ]);
    expect([outcome("MX", "b", 1, "_x"), outcome("AAAA", "::1", null, "_x")]).toEqual(["!name format", "!name format"]);
    expect(outcome("NS", "a.test", null, "*.x")).toBe("!name format");
  });
});

describe("data", () => {
  it("is a strict address", () => {
    expect(
      ["192.0.2.1", "010.0.0.1", "127.1", "999.1.1.1", "2001:db8::1", "1.2.3.4\n", " 1.2.3.4", "0x7f.0.0.1"].map(
        (value) => outcome("A", value),
      ),
    ).toEqual(["192.0.2.1", ...Array(7).fill("!value format")]);
    expect(
      [
        "2001:DB8:0:0:1:0:0:1",
        "::",
        "::1",
        "1:0:0:2:0:0:0:3",
        "0:0:1:1:1:1:1:1",
        "fe80::1%eth0",
        "::ffff:1.2.3.4",
        "::ffff:c000:201",
        "::102:304",
        "1::2::3",
        "12345::",
        "[::1]",
        "::1\n",
      ].map((value) => outcome("AAAA", value)),
    ).toEqual(["2001:db8::1:0:0:1", "::", "::1", "1:0:0:2::3", "::1:1:1:1:1:1", ...Array(8).fill("!value format")]);
  });

  it("is a target: one label inside the zone, more are absolute", () => {
    expect(
      [
        "mail",
        "mail.example.com",
        "mail.test.",
        "mail.",
        "@",
        "_x.a.test",
        "MAIL.Test",
        ".",
        "192.0.2.5",
        "192.0.2.5.",
        "*.a.test",
        "x",
        "",
      ].map((value) => outcome("CNAME", value)),
    ).toEqual([
      "mail.example.com.",
      "mail.example.com.",
      "mail.test.",
      "mail.",
      "example.com.",
      "_x.a.test.",
      "mail.test.",
      ...Array(6).fill("!value format"),
    ]);
    expect(outcome("NS", "_x.a.test")).toBe("!value format");
    expect(outcome("PTR", "a_b.test")).toBe("!value format");
    expect(outcome("CNAME", "www", null, "@")).toBe("!name format");
  });

  it("has a priority in its field or in its value", () => {
    expect(outcome("MX", "mail.test", 10)).toBe("10 mail.test.");
    expect(outcome("MX", "10 mail.test")).toBe("10 mail.test.");
    expect(outcome("MX", "10 mail.test", 10)).toBe("10 mail.test.");
    expect(outcome("MX", "10 mail.test", 20)).toBe("!priority format");
    expect(outcome("MX", "mail.test")).toBe("!priority required");
    expect(outcome("MX", ".", 0)).toBe("0 .");
    expect(outcome("MX", "192.0.2.5", 10)).toBe("!value format");
    expect(outcome("MX", "65536 mail.test")).toBe("!value range");
    expect(outcome("MX", "1 2 mail.test")).toBe("!value format");
    expect(outcome("A", "192.0.2.1", 0)).toBe("!priority unknown");
    expect(toDraft({ zone, type: "MX", name: "@", value: "a", priority: null, before: 7 }).data).toBe(
      "7 a.example.com.",
    );
    expect(outcome("SRV", "0 5 5060 sip.test")).toBe("0 5 5060 sip.test.");
    expect(outcome("SRV", "5 5060 sip.test", 0)).toBe("0 5 5060 sip.test.");
    expect(outcome("SRV", "0 0 0 .")).toBe("0 0 0 .");
    expect(outcome("SRV", "0 0 70000 sip.test")).toBe("!value range");
    expect(outcome("SRV", "0 0 05 sip.test")).toBe("!value range");
  });

  it("is a CAA property with a known form", () => {
    expect(outcome("CAA", '0 issue "letsencrypt.org"')).toBe('0 issue "letsencrypt.org"');
    expect(outcome("CAA", "0 ISSUE letsencrypt.org")).toBe('0 issue "letsencrypt.org"');
    expect(outcome("CAA", '0 issue ";"')).toBe('0 issue ";"');
    expect(outcome("CAA", '128 issuewild "ca.test; account=1; policy=ev"')).toBe(
      '128 issuewild "ca.test; account=1; policy=ev"',
    );
    expect(outcome("CAA", '0 iodef "mailto:a@b.test"')).toBe('0 iodef "mailto:a@b.test"');
    expect(outcome("CAA", '0 x1 "a\\"b\\\\c"')).toBe('0 x1 "a\\"b\\\\c"');
    const wrong = [
      '256 issue "x"',
      "0 issue",
      '0 issue "a b"',
      '0 iodef "ftp://x"',
      '0 is-sue "x"',
      '0 issue "x" y',
      '0 x "a',
      '0 x "\n"',
      "00 issue a.test",
      '0 x "é"',
      '0 issue "a.test; x"',
    ];
    expect(wrong.map((value) => outcome("CAA", value)).filter((found) => !found.startsWith("!value"))).toEqual([]);
  });

  it("is text in strings of 255 bytes", () => {
    expect(outcome("TXT", "v=DKIM1; k=rsa; p=MIGf")).toBe('"v=DKIM1; k=rsa; p=MIGf"');
    expect(outcome("TXT", "a".repeat(300))).toBe(`"${"a".repeat(255)}" "${"a".repeat(45)}"`);
    expect(outcome("TXT", '"one" "two"')).toBe('"onetwo"');
    expect(outcome("TXT", '"a\\"b\\\\c\\010"')).toBe('"a\\"b\\\\c\\010"');
    expect(outcome("TXT", 'say "hi" \\o/')).toBe('"say \\"hi\\" \\\\o/"');
    expect(outcome("TXT", "é😀")).toBe('"\\195\\169\\240\\159\\152\\128"');
    expect(outcome("TXT", '"\\😀"')).toBe('"\\240\\159\\152\\128"');
    expect(outcome("TXT", "a\u2028b")).toBe('"a\\226\\128\\168b"');
    expect(outcome("TXT", "a".repeat(4096))).toMatch(/^"a/);
    expect(outcome("TXT", '""')).toBe("!value length");
    expect(outcome("TXT", "a".repeat(4097))).toBe("!value length");
    const wrong = [
      "",
      'a"\rvictim IN A 6.6.6.6\ry IN TXT "b',
      "a\0b",
      "a\nb",
      '"a',
      '"a" b',
      '"a"b"',
      '"\\256"',
      '"\\1"',
      '"\\12x"',
      "\ud800",
      '"a\\',
    ];
    expect(wrong.map((value) => outcome("TXT", value)).filter((found) => !found.startsWith("!value"))).toEqual([]);
  });
});

describe("for every type", () => {
  it.each(recordTypes)("what an answer shows of %s means the same when it is sent back", (type) => {
    fc.assert(
      fc.property(recordsOf(type), hostNames, ({ name, priority, value }, of) => {
        const draft = toDraft({ zone: of, type, name, value, priority });
        const shown = showData(type, draft.data);
        const again = toDraft({ zone: of, type, name: toRelative(of, draft.name), ...shown });
        expect(again).toEqual(draft);
        expect(showData(type, again.data)).toEqual(shown);
      }),
      { numRuns: 300 },
    );
  });

  it.each(recordTypes)("%s never takes text that is more than one line, and fails with the field it is in", (type) => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), fc.string({ unit: "grapheme" }), (value, name) => {
        try {
          const draft = toDraft({ zone, type, name, value, priority: null });
          expect(draft.data).toMatch(/^[\x20-\x7e]+$/);
          expect(draft.name).toMatch(/^(?:\*\.)?[a-z0-9_.-]+$/);
        } catch (error) {
          if (!isPanelError(error)) throw error;
          expect(error.fields[0]?.field).toMatch(/^(?:name|value|priority)$/);
        }
      }),
      { numRuns: 500 },
    );
  });
});
