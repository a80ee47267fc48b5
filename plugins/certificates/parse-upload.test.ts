import { createPrivateKey, createPublicKey } from "node:crypto";
import { isPanelError } from "@patchbay/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseUpload, type Upload } from "./parse-upload.ts";
import { Authority, type Made } from "./testing/authority.ts";

const names = ["shop.test", "*.shop.test"];
const now = Date.now();
const day = 24 * 3600 * 1000;
let openssl: Authority;
let root: Made;
let middle: Made;
let leaf: Made;
let rsa: Made;

beforeAll(() => {
  openssl = new Authority();
  root = openssl.make("root", { ca: true });
  middle = openssl.make("middle", { ca: true, issuer: root });
  leaf = openssl.make("shop.test", { names, issuer: middle });
  rsa = openssl.make("shop.test", { names, algorithm: ["-newkey", "rsa:2048"] });
});

afterAll(() => openssl.remove());

interface Case extends Partial<Upload> {
  readonly domain?: string;
  readonly now?: number;
}

function parse({ domain = "shop.test", now: at = now, ...upload }: Case) {
  const chain = `${middle.certificate}${root.certificate}`;
  return parseUpload({ certificate: leaf.certificate, private_key: leaf.key, chain, ...upload }, domain, at);
}

/** Fields that are named, with the words. */
function faults(upload: Case): string[] {
  try {
    parse(upload);
  } catch (error) {
    if (!isPanelError(error) || error.status !== 400) throw error;
    expect(error.fields.length).toBeGreaterThan(0);
    return error.fields.map((field) => `${field.field} ${field.message}`);
  }
  return [];
}

/** The public half of one key with the secret half of another. */
function halfOf(made: Made, other: Made): string {
  const { n, e, x, y } = createPublicKey(made.key).export({ format: "jwk" });
  const given = Object.entries({ n, e, x, y }).filter(([, value]) => value !== undefined);
  const key = { ...createPrivateKey(other.key).export({ format: "jwk" }), ...Object.fromEntries(given) };
  return createPrivateKey({ key, format: "jwk" }).export({ type: "pkcs8", format: "pem" }).toString();
}

/** A certificate of its own kind, signed by the intermediate. */
const own = (wanted: Parameters<Authority["make"]>[1]): Case => {
  const made = openssl.make("shop.test", { names, issuer: middle, ...wanted });
  return { certificate: made.certificate, private_key: made.key };
};

describe("an upload that servers can use", () => {
  it("is stored canonically, whatever surrounds it", () => {
    const chain = `${middle.certificate}${root.certificate}`;
    const plain = parse({});
    expect(plain.certificate).toBe(`${leaf.certificate}${chain}`);
    expect(plain.key).toBe(openssl.run(["pkcs8", "-topk8", "-nocrypt"], leaf.key));
    expect(plain.expiresAt - plain.issuedAt).toBe(90 * day);
    expect(plain.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    const blanks = `\r\n\r\n${`${leaf.certificate}\n\n${chain}`.replaceAll("\n", "\r\n")}\n \n`;
    expect(parse({ certificate: blanks, chain: null })).toEqual(plain);
  });

  it("may have any usual form of key", () => {
    const sec1 = openssl.run(["ec"], leaf.key);
    const parameters = openssl.run(["ecparam", "-name", "prime256v1"]);
    expect(sec1).toContain("BEGIN EC PRIVATE KEY");
    for (const key of [sec1, parameters + sec1]) expect(parse({ private_key: key }).key).toBe(parse({}).key);
    const pkcs1 = openssl.run(["rsa", "-traditional"], rsa.key);
    expect(pkcs1).toContain("BEGIN RSA PRIVATE KEY");
    const upload = { certificate: rsa.certificate, chain: null };
    expect(parse({ ...upload, private_key: pkcs1 })).toEqual(parse({ ...upload, private_key: rsa.key }));
    expect(faults(own({ algorithm: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"] }))).toEqual([]);
  });

  it("covers its domain, by name or by a wildcard of one label", () => {
    expect(faults({ domain: "www.shop.test" })).toEqual([]);
    for (const domain of ["a.www.shop.test", "other.test", "hop.test", "shop.test.other.test"])
      expect(faults({ domain })).toEqual(["certificate must be issued for this domain"]);
    expect(faults(own({ names: ["other.test"] }))).toEqual(["certificate must be issued for this domain"]);
    expect(faults(own({ names: [] }))).toEqual(["certificate must be issued for this domain"]);
    expect(faults({ ...own({ names: ["w*.shop.test"] }), domain: "www.shop.test" })).toHaveLength(1);
  });

  it("is valid now, with all of its chain", () => {
    expect(faults({ now: now - day + 60_000 })).toEqual([]);
    expect(faults({ now: now + 91 * day })).toEqual(["certificate must be valid now"]);
    expect(faults({ now: now - day - 600_000 })).toEqual(["certificate must be valid now"]);
    const short = openssl.make("middle", { ca: true, issuer: root, key: middle.key, options: ["-days", "1"] });
    expect(faults({ chain: short.certificate })).toEqual([]);
    expect(faults({ chain: short.certificate, now: now + 2 * day })).toEqual(["chain must be valid now"]);
  });
});

describe("an upload that is refused", () => {
  const order = "must be followed by its issuers, each by its own, in order";
  const accepted = "private_key must be an RSA key of 2048 to 4096 bits, or an EC key on P-256 or P-384";
  const keyForm = "private_key must be a private key in PEM form, without any other text";
  const pemForm = "must be certificates in PEM form, without any other text";

  it("for its chain", () => {
    expect(faults({ chain: `${root.certificate}${middle.certificate}` })).toEqual([`chain ${order}`]);
    expect(faults({ chain: root.certificate })).toEqual([`chain ${order}`]);
    expect(faults({ chain: leaf.certificate })).toEqual([`chain ${order}`]);
    expect(faults({ certificate: `${leaf.certificate}${root.certificate}` })).toEqual([`certificate ${order}`]);
    expect(faults({ certificate: `${middle.certificate}${leaf.certificate}` })[0]).toContain("an authority");
    // The right name, but another key.
    const forged = openssl.make("middle", { ca: true, issuer: root, extensions: ["subjectKeyIdentifier=none"] });
    const unmarked = own({ extensions: ["authorityKeyIdentifier=none"] });
    expect(faults(unmarked)).toEqual([]);
    expect(faults({ ...unmarked, chain: forged.certificate })).toEqual([`chain ${order}`]);
    const notAuthority = openssl.make("middle", { issuer: root, key: middle.key });
    expect(faults({ chain: notAuthority.certificate })).toEqual([`chain ${order}`]);
    const eleven = middle.certificate.repeat(11);
    expect(faults({ chain: eleven })).toEqual(["chain must have at most 10 certificates"]);
  });

  it("for its key", () => {
    expect(faults({ private_key: middle.key })).toEqual(["private_key must be the key of the certificate"]);
    for (const [made, other] of [
      [leaf, middle],
      [rsa, openssl.make("other", { algorithm: ["-newkey", "rsa:2048"] })],
    ] as const) {
      const upload = { certificate: made.certificate, private_key: halfOf(made, other) };
      expect(faults({ ...upload, chain: made === leaf ? middle.certificate : null })).toEqual([
        "private_key must be the key of the certificate",
      ]);
    }
    expect(faults({ private_key: leaf.key + leaf.key })).toEqual([
      "private_key must be one private key and nothing else",
    ]);
    expect(faults({ private_key: leaf.key + leaf.certificate })).toHaveLength(1);
    expect(faults({ private_key: leaf.certificate })).toEqual([keyForm]);
    const encrypted = "private_key must not be encrypted: take the passphrase away first";
    const pkcs8 = openssl.run(["pkcs8", "-topk8", "-passout", "pass:secret"], leaf.key);
    const legacy = openssl.run(["ec", "-aes128", "-passout", "pass:secret"], leaf.key);
    for (const key of [pkcs8, legacy]) expect(faults({ private_key: key })).toEqual([encrypted]);
  });

  it.each([
    ["weak RSA", ["-newkey", "rsa:1024"]],
    // Of four primes, which are found sooner.
    ["huge RSA", ["-newkey", "rsa", "-pkeyopt", "rsa_keygen_bits:4104", "-pkeyopt", "rsa_keygen_primes:4"]],
    ["P-521", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"]],
    ["a curve of coins", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"]],
    ["Ed25519", ["-newkey", "ed25519"]],
    ["RSA-PSS", ["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"]],
  ])("for a kind of key that browsers or servers do not take: %s", (_name, algorithm) => {
    expect(faults(own({ algorithm }))).toEqual([accepted]);
  });

  it("for a curve that is spelt out in numbers", () => {
    const algorithm = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"];
    expect(faults(own({ algorithm }))).toEqual(["certificate must name its curve"]);
  });

  it("for what it was issued for", () => {
    expect(faults(own({ ca: true }))).toEqual(["certificate must not be the certificate of an authority"]);
    expect(faults(own({ extensions: ["extendedKeyUsage=clientAuth"] }))).toEqual([
      "certificate must be issued for servers",
    ]);
    expect(faults(own({ extensions: ["extendedKeyUsage=clientAuth,serverAuth"] }))).toEqual([]);
  });

  it("for a signature that web servers refuse to load", () => {
    const weak = "certificate must not be signed with SHA-1 or with a weak key";
    expect(faults(own({ options: ["-sha1"] }))).toEqual([weak]);
    const small = openssl.make("small", { ca: true, algorithm: ["-newkey", "rsa:1024"] });
    expect(faults({ ...own({ issuer: small }), chain: small.certificate })).toEqual([weak]);
  });

  it("for its form", () => {
    const body = leaf.certificate.split("\n").slice(1, -2).join("\n");
    const wrapped = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
    expect(faults({ certificate: wrapped(body) })).toEqual([]);
    for (const certificate of [
      "",
      "garbage",
      body,
      `Bag Attributes\n${leaf.certificate}`,
      `${leaf.certificate}# behind`,
      `${leaf.certificate}\u0000`,
      wrapped(`${body}!`),
      wrapped(body.replace("\n", " \n")),
      wrapped(""),
      leaf.certificate.replace("END CERTIFICATE", "END X509 CRL"),
      leaf.certificate.replaceAll("\n", "\\n"),
    ])
      expect(faults({ certificate })).toEqual([`certificate ${pemForm}`]);
    const der = Buffer.from(body, "base64");
    for (const bytes of [
      der.subarray(0, der.length - 1),
      Buffer.concat([der, Buffer.from([0])]),
      Buffer.from(leaf.certificate),
      Buffer.from("x"),
    ])
      expect(faults({ certificate: wrapped(bytes.toString("base64")) })).toEqual([
        "certificate must be valid certificates (X.509, DER)",
      ]);
    expect(faults({ certificate: leaf.certificate + leaf.key, chain: null })).toEqual([
      "certificate must have certificates only, no key and no request",
    ]);
    expect(faults({ private_key: "garbage" })).toEqual([keyForm]);
  });

  it("for every field at once, and without a word of what was sent", () => {
    const wrong = { certificate: "my-certificate", private_key: "my-key", chain: "my-chain" };
    expect(
      faults(wrong)
        .map((text) => text.split(" ")[0])
        .sort(),
    ).toEqual(["certificate", "chain", "private_key"]);
    expect(faults(wrong).join()).not.toContain("my-");
  });
});

it("reads long nonsense in a time that grows with its length", () => {
  for (const text of [
    "-----BEGIN CERTIFICATE-----\n",
    "\n",
    "-----BEGIN A-----\nA",
    "A",
    "-----BEGIN A-----\n-----END A-----",
  ]) {
    const long = text.repeat(65_536 / text.length);
    expect(faults({ certificate: long, private_key: long, chain: long })).toHaveLength(3);
  }
});
