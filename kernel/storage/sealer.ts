import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import type { Sealer } from "./types.ts";

const nonceBytes = 12;
const tagBytes = 16;

/** Makes a sealer from a 32-byte key that is kept outside the database. Each use has a key of its own, derived from it. */
export function createSealer(key: Buffer): Sealer {
  if (key.length !== 32) throw new Error("the sealing key must have 32 bytes");
  const derive = (label: string) => Buffer.from(hkdfSync("sha256", key, Buffer.alloc(0), label, 32));
  const sealing = derive("patchbay seal");
  const signing = derive("patchbay mac");
  return {
    seal: (context, text) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", sealing, nonce).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return `1.${Buffer.concat([nonce, body, cipher.getAuthTag()]).toString("base64url")}`;
    },
    open: (context, sealed) => {
      const [version, data = ""] = sealed.split(".");
      const bytes = Buffer.from(data, "base64url");
      if (version !== "1" || bytes.length < nonceBytes + tagBytes) throw new Error("not a sealed value");
      const decipher = createDecipheriv("aes-256-gcm", sealing, bytes.subarray(0, nonceBytes))
        .setAAD(Buffer.from(context))
        .setAuthTag(bytes.subarray(bytes.length - tagBytes));
      const body = bytes.subarray(nonceBytes, bytes.length - tagBytes);
      return Buffer.concat([decipher.update(body), decipher.final()]).toString("utf8");
    },
    mac: (context, text) => createHmac("sha256", signing).update(context).update("\0").update(text).digest("hex"),
    derive,
  };
}
