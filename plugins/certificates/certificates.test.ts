import { createPrivateKey, X509Certificate } from "node:crypto";
import type { AccountRow } from "@patchbay/accounts/contract";
import { isPanelError, ProviderError } from "@patchbay/sdk";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { CertificateUnit } from "./contract.ts";
import { Authority, type Made } from "./testing/authority.ts";
import { createPanel, type Panel } from "./testing/panel.ts";

let openssl: Authority;
let uploaded: Made;
let panel: Panel;
let john: AccountRow;
let jane: AccountRow;

beforeAll(() => {
  openssl = new Authority();
  uploaded = openssl.make("shop.test", { names: ["shop.test", "www.shop.test"] });
});
afterAll(() => openssl.remove());

beforeEach(async () => {
  panel = await createPanel();
  john = await panel.addAccount("john");
  jane = await panel.addAccount("jane");
});
afterEach(() => panel.close());

const ensure = (names: readonly string[], account = john) =>
  panel.change((change) => panel.certificates.ensure(change, account, names));

const fileOf = async (domain: string) => (await panel.certificates.files(panel.read, [domain])).get(domain);

const unitOf = async (domain: string) => (await panel.slot.load(panel.read, [domain])).get(domain) as CertificateUnit;

const served = async (domain: string) => panel.provider.render(domain, await unitOf(domain)).files?.[0];

function upload(made: Made = uploaded, input: Record<string, unknown> = {}) {
  const { certificate, key } = made;
  return panel.call("ssl.upload", {
    account_id: john.id,
    domain: "shop.test",
    certificate,
    private_key: key,
    ...input,
  });
}

/** Code, status and field of the refusal. */
async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (isPanelError(error)) return `${error.status} ${error.code} ${error.fields[0]?.field ?? ""}`.trim();
    throw error;
  }
  return "accepted";
}

describe("a self-signed certificate", () => {
  it("is made for all names, for ten years, on P-256", async () => {
    await ensure(["shop.test", "www.shop.test"]);
    const { certificate } = await unitOf("shop.test");
    const leaf = new X509Certificate(certificate);
    expect([leaf.subject, leaf.subjectAltName]).toEqual(["CN=shop.test", "DNS:shop.test, DNS:www.shop.test"]);
    expect(leaf.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
    expect(leaf.verify(leaf.publicKey)).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(openssl.run(["x509", "-noout", "-text"], certificate)).toContain("Signature Algorithm: ecdsa-with-SHA256");
    expect(Date.parse(leaf.validFrom)).toBeLessThan(panel.now);
    expect(Date.parse(leaf.validTo) - panel.now).toBeGreaterThan(3649 * 24 * 3600 * 1000);
    expect(await fileOf("shop.test")).toEqual({
      file: expect.stringMatching(/^certificates\/[0-9a-f]{2}\/shop\.test\.pem$/),
      fingerprint: openssl
        .run(["x509", "-noout", "-fingerprint", "-sha256"], certificate)
        .trim()
        .replace(/^.*=/, "")
        .replaceAll(":", "")
        .toLowerCase(),
      trusted: false,
    });
    expect(panel.touched).toEqual(["certificates:shop.test"]);
    expect(panel.changed).toEqual([]);
  });

  it("stays while the names do, and is made anew for others", async () => {
    await ensure(["shop.test"]);
    const first = await unitOf("shop.test");
    await ensure(["shop.test"]);
    expect(await unitOf("shop.test")).toEqual(first);
    expect(panel.touched).toHaveLength(1);
    await ensure(["shop.test", "www.shop.test"]);
    const second = new X509Certificate((await unitOf("shop.test")).certificate);
    expect(second.subjectAltName).toBe("DNS:shop.test, DNS:www.shop.test");
    expect(panel.changed).toEqual(["shop.test"]);
    expect(panel.touched).toEqual(["certificates:shop.test", "certificates:shop.test"]);
  });

  it("takes names that are too long for a common name or a file name", async () => {
    const label = "a".repeat(61);
    const long = `${label}.${label}.${label}.${label}.test`;
    await ensure([long]);
    const leaf = new X509Certificate((await unitOf(long)).certificate);
    expect(leaf.checkHost(long)).toBe(long);
    expect(leaf.subject).toBe("CN=patchbay");
    const file = (await fileOf(long))?.file ?? "";
    expect(file).toMatch(/^certificates\/[0-9a-f]{2}\/[a.]{160}_[0-9a-f]{32}\.pem$/);
    expect(panel.provider.audit(await unitOf(long))).toEqual([]);
  });

  it("ends with its domain", async () => {
    await ensure(["shop.test"]);
    for (let twice = 0; twice < 2; twice += 1)
      await panel.change((change) => panel.certificates.remove(change, "shop.test"));
    expect(await fileOf("shop.test")).toBeUndefined();
    expect(await unitOf("shop.test")).toBeUndefined();
    expect(panel.touched).toEqual(["certificates:shop.test", "certificates:shop.test"]);
  });
});

describe("the files", () => {
  it("hold key, certificate and chain, byte for byte", async () => {
    await ensure(["shop.test"]);
    const root = openssl.make("root", { ca: true });
    const leaf = openssl.make("shop.test", { names: ["shop.test"], issuer: root });
    await upload(leaf, { chain: root.certificate });
    const file = await served("shop.test");
    expect(file).toEqual({
      path: (await fileOf("shop.test"))?.file.replace("certificates/", ""),
      content: leaf.key + leaf.certificate + root.certificate,
      secret: true,
    });
    // The order in which a server reads one file as both.
    expect(new X509Certificate(file?.content ?? "").checkPrivateKey(createPrivateKey(file?.content ?? ""))).toBe(true);
    expect(panel.provider.render("shop.test", await unitOf("shop.test")).services).toBeUndefined();
  });

  it("are refused when the key cannot be opened, is another domain's, or the name is none", async () => {
    await ensure(["shop.test"]);
    await ensure(["other.test"], jane);
    const [shop, other] = [await unitOf("shop.test"), await unitOf("other.test")];
    expect(panel.provider.audit(shop)).toEqual([]);
    for (const unit of [
      { ...shop, key: other.key },
      { ...shop, key: `${shop.key.slice(0, -4)}AAAA` },
      { ...shop, key: "" },
    ]) {
      expect(panel.provider.audit(unit).map((issue) => issue.field)).toEqual(["key"]);
      expect(() => panel.provider.render("shop.test", unit)).toThrow(ProviderError);
    }
    for (const domain of ["../x", "a/b.test", "", "Shop.test", "test"])
      expect(panel.provider.audit({ ...shop, domain }).map((issue) => issue.field)).toEqual(["domain"]);
  });

  it("are listed page by page", async () => {
    for (const name of ["c.test", "a.test", "b.test"]) await ensure([name]);
    expect(await panel.slot.keys(panel.read, "", 2)).toEqual(["a.test", "b.test"]);
    expect(await panel.slot.keys(panel.read, "b.test", 2)).toEqual(["c.test"]);
    expect((await panel.certificates.files(panel.read, ["a.test", "b.test", "z.test"])).size).toBe(2);
  });
});

describe("an upload", () => {
  it("replaces what is served, and is shown without its key", async () => {
    await ensure(["shop.test"]);
    const shown = await upload();
    const leaf = new X509Certificate(uploaded.certificate);
    const iso = (text: string) => new Date(text).toISOString().replace(".000", "");
    expect(shown).toEqual({
      id: 1,
      account_id: john.id,
      domain: "shop.test",
      type: "custom",
      status: "active",
      issued_at: iso(leaf.validFrom),
      expires_at: iso(leaf.validTo),
      auto_renew: false,
    });
    expect(await panel.call("ssl.list", { account_id: john.id })).toEqual([shown]);
    expect(await panel.call("ssl.list", { account_id: jane.id })).toEqual([]);
    expect(await fileOf("shop.test")).toMatchObject({ trusted: true });
    expect(panel.changed).toEqual(["shop.test"]);
    expect((await served("shop.test"))?.content).toBe(uploaded.key + uploaded.certificate);
    panel.now = Date.parse(leaf.validTo);
    expect(await panel.call("ssl.list", { account_id: john.id })).toMatchObject([{ status: "expired" }]);
  });

  it("stays when the names change, and gives way when it is deleted", async () => {
    await ensure(["shop.test"]);
    const { id } = await upload();
    await ensure(["shop.test", "www.shop.test"]);
    expect((await served("shop.test"))?.content).toBe(uploaded.key + uploaded.certificate);
    expect(panel.changed).toHaveLength(1);
    expect(await panel.call("ssl.delete", { id })).toBeNull();
    const first = await unitOf("shop.test");
    expect(new X509Certificate(first.certificate).subjectAltName).toBe("DNS:shop.test, DNS:www.shop.test");
    expect(await fileOf("shop.test")).toMatchObject({ trusted: false });
    await panel.call("ssl.delete", { id });
    expect((await unitOf("shop.test")).certificate).not.toBe(first.certificate);
    expect(panel.changed).toHaveLength(3);
    expect(await refusal(panel.call("ssl.delete", { id: 99 }))).toBe("404 NOT_FOUND");
  });

  it("is told of when it comes, when it gives way and when it goes with its domain, without its key", async () => {
    await ensure(["shop.test"]);
    expect(panel.emitted).toEqual([]);
    const { id } = await upload();
    const { fingerprint } = (await fileOf("shop.test")) as { fingerprint: string };
    const expiresAt = Date.parse(new X509Certificate(uploaded.certificate).validTo);
    const payload = { certificateId: id, accountId: john.id, domain: "shop.test", fingerprint, expiresAt };
    await panel.call("ssl.delete", { id });
    await panel.call("ssl.delete", { id });
    await upload();
    await panel.change((change) => panel.certificates.remove(change, "shop.test"));
    const expected = ["uploaded", "removed", "uploaded", "removed"];
    expect(panel.emitted).toEqual(expected.map((what) => ({ id: `certificates.${what}`, payload })));
  });

  it("is refused for a domain that is not the account's, which looks like a missing one", async () => {
    await ensure(["shop.test"], jane);
    const before = await panel.db("certificates");
    expect(await refusal(upload())).toBe("404 NOT_FOUND");
    expect(await refusal(upload(openssl.make("x", { names: ["b.test"] }), { domain: "b.test" }))).toBe("404 NOT_FOUND");
    expect(await panel.db("certificates")).toEqual(before);
  });

  it("leaves what is served as it is when it is refused", async () => {
    await ensure(["shop.test"]);
    const before = await panel.db("certificates");
    const other = openssl.make("shop.test", { names: ["other.test"] });
    expect(await refusal(upload(other))).toBe("400 INVALID_INPUT certificate");
    expect(await refusal(upload(uploaded, { private_key: other.key }))).toBe("400 INVALID_INPUT private_key");
    expect(await refusal(upload(uploaded, { chain: "x" }))).toBe("400 INVALID_INPUT chain");
    for (const field of ["certificate", "private_key", "chain"])
      await expect(upload(uploaded, { [field]: "A".repeat(65_537) })).rejects.toThrow(/length/i);
    expect(await panel.db("certificates")).toEqual(before);
    expect(panel.changed).toEqual([]);
  });
});

it("keeps keys in the database sealed, each time in another way", async () => {
  await ensure(["shop.test"]);
  const keys: string[] = [((await served("shop.test"))?.content ?? "").split("-----BEGIN CERT")[0] ?? ""];
  await upload();
  keys.push(uploaded.key);
  const first = (await unitOf("shop.test")).key;
  await upload();
  expect((await unitOf("shop.test")).key).not.toBe(first);
  await ensure(["other.test"]);
  const stored = JSON.stringify(await panel.db("certificates"));
  expect(stored).not.toContain("PRIVATE KEY");
  for (const key of keys) {
    expect(key).toContain("BEGIN PRIVATE KEY");
    for (const line of key.split("\n").slice(1, -2)) expect(stored).not.toContain(line);
  }
});

it("makes a hundred certificates that are asked for at once", async () => {
  const domains = Array.from({ length: 100 }, (_, at) => `n${at}.test`);
  await Promise.all(domains.map((domain) => ensure([domain])));
  const files = await panel.certificates.files(panel.read, domains);
  expect(new Set([...files.values()].map((file) => file.fingerprint)).size).toBe(100);
});
