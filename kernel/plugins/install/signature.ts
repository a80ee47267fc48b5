import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import * as v from "valibot";

/** Name of the signature in a plugin's folder. */
export const signatureFile = "patchbay.signature.json";

// The last character of each holds bits that mean nothing: they are zero, so that nothing has two names.
const publicKey = v.pipe(v.string(), v.regex(/^ed25519:[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/));
const signatureSchema = v.strictObject({
  /** `ed25519:` and the public key, base64url. */
  key: publicKey,
  /** Every file of the package but this one → SHA-256, hex. */
  files: v.custom<Readonly<Record<string, string>>>(isHashes),
  /** Ed25519 over `signedText`, base64url. */
  signature: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{85}[AQgw]$/)),
});

/** Path → SHA-256, hex. */
export type FileHashes = ReadonlyMap<string, string>;

/** A new key: `private` as PEM (PKCS 8), `public` as signatures name it. */
export function generateSigningKey(): { readonly private: string; readonly public: string } {
  const pair = generateKeyPairSync("ed25519");
  const text = pair.privateKey.export({ type: "pkcs8", format: "pem" });
  return { private: String(text), public: nameOfKey(pair.publicKey) };
}

/** The text of `patchbay.signature.json` for these files. Throws when `pem` is no Ed25519 key. */
export function signFiles(files: FileHashes, pem: string): string {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== "ed25519") throw new Error("the key is no Ed25519 key");
  const name = nameOfKey(createPublicKey(key));
  const signature = sign(null, signedText(name, files), key).toString("base64url");
  const sorted = Object.fromEntries(sortedEntries(files));
  return `${JSON.stringify({ key: name, files: sorted, signature }, null, 2)}\n`;
}

/** Who signed exactly these files, or what is wrong with the signature. */
export function checkSignature(
  text: string,
  files: FileHashes,
): { readonly key: string } | { readonly problems: string[] } {
  const parsed = v.safeParse(signatureSchema, parseJson(text));
  if (!parsed.success) return { problems: [`${signatureFile} is no signature: sign the folder again`] };
  const { key, signature } = parsed.output;
  const signed = new Map(Object.entries(parsed.output.files));
  if (!verify(null, signedText(key, signed), toKey(key), Buffer.from(signature, "base64url"))) {
    return { problems: ["its signature is forged or damaged: get the plugin again from who made it"] };
  }
  const differing = [...files].filter(([path, hash]) => signed.get(path) !== hash).map(([path]) => path);
  const missing = [...signed.keys()].filter((path) => !files.has(path));
  const problems = [
    ...(differing.length > 0
      ? [`${list(differing)}: not as they were signed; sign the folder again, or get it again`]
      : []),
    ...(missing.length > 0 ? [`${list(missing)}: signed and not in the package; sign the folder again`] : []),
  ];
  return problems.length > 0 ? { problems } : { key };
}

// A record of valibot's leaves out what is called `constructor` or `__proto__`; files may be called so.
function isHashes(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((hash) => typeof hash === "string" && /^[0-9a-f]{64}$/.test(hash));
}

/** What is signed: it says what it is, so that it can be taken for nothing else. */
function signedText(key: string, files: FileHashes): Buffer {
  return Buffer.from(`patchbay plugin signature 1\n${JSON.stringify([key, sortedEntries(files)])}`);
}

function sortedEntries(files: FileHashes): [string, string][] {
  return [...files].sort(([a], [b]) => (a < b ? -1 : 1));
}

function nameOfKey(key: KeyObject): string {
  return `ed25519:${key.export({ format: "jwk" }).x ?? ""}`;
}

function toKey(name: string): KeyObject {
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: name.slice("ed25519:".length) }, format: "jwk" });
}

function list(paths: readonly string[]): string {
  const shown = paths.slice(0, 3).map((path) => (/^[\x20-\x7e]{1,200}$/.test(path) ? path : "(unprintable)"));
  return paths.length > 3 ? `${shown.join(", ")} and ${paths.length - 3} more` : shown.join(", ");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
