import type { Db, Read } from "@patchbay/sdk";
import { Secret, TOTP } from "otpauth";
import type { Ids, Sealer } from "../storage/types.ts";
import type { UserRow } from "./users.ts";

const periodMs = 30_000;
const secretBytes = 20;
const backupCodeCount = 10;
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** What shows that somebody holds the second factor. Worth nothing until `consume` takes it. */
export type Proof =
  | { readonly kind: "totp"; readonly step: number }
  | { readonly kind: "backup"; readonly mac: string };

/** Time-based codes (RFC 6238: SHA-1, 6 digits, 30 s, one step either way) and ten backup codes. Each is accepted once. */
export class SecondFactor {
  readonly #sealer: Sealer;
  readonly #ids: Ids;

  constructor(sealer: Sealer, ids: Ids) {
    this.#sealer = sealer;
    this.#ids = ids;
  }

  /** A new seed. `sealed` is what to store. */
  createSeed(user: { id: number; username: string }): { secret: string; url: string; sealed: string } {
    const seed = new Secret({ buffer: bufferOf(this.#ids.secret(secretBytes)) });
    const url = totpOf(seed, user.username).toString();
    return { secret: seed.base32, url, sealed: this.#sealer.seal(seedContext(user.id), seed.base32) };
  }

  /** Ten new codes. `stored` replaces those there were. */
  createBackupCodes(userId: number): { codes: string[]; stored: string } {
    const codes = Array.from({ length: backupCodeCount }, () => {
      const letters = [...Buffer.from(this.#ids.secret(10), "base64url")].map((byte) => alphabet[byte & 31]).join("");
      return `${letters.slice(0, 5)}-${letters.slice(5)}`;
    });
    return { codes, stored: JSON.stringify(codes.map((code) => this.#mac(userId, code))) };
  }

  /** Looks whether a code is right and unused. Undefined for everything else, whatever it looks like. */
  inspect(user: UserRow, code: string, now: number): Proof | undefined {
    if (/^\d{6}$/.test(code)) {
      const step = this.#stepOf(user, code, now);
      return step === undefined ? undefined : { kind: "totp", step };
    }
    if (!/^[A-Za-z2-7]{5}-?[A-Za-z2-7]{5}$/.test(code)) return undefined;
    const mac = this.#mac(user.id, code);
    return macsOf(user.backup_codes).includes(mac) ? { kind: "backup", mac } : undefined;
  }

  /**
   * Uses a proof up, in the caller's change. False when somebody else was first: changes run one after the other, so one
   * code serves exactly one of many at the same time.
   */
  async consume(db: Db, read: Read, userId: number, proof: Proof): Promise<boolean> {
    if (proof.kind === "totp") {
      const unused = await db("users")
        .where({ id: userId })
        .where((query) => query.whereNull("totp_last_step").orWhere("totp_last_step", "<", proof.step))
        .update({ totp_last_step: proof.step });
      return unused === 1;
    }
    const row = await read.get<{ backup_codes: string | null }>("SELECT backup_codes FROM users WHERE id = ?", [
      userId,
    ]);
    const macs = macsOf(row?.backup_codes ?? null);
    if (!macs.includes(proof.mac)) return false;
    const left = macs.filter((mac) => mac !== proof.mac);
    await db("users")
      .where({ id: userId })
      .update({ backup_codes: JSON.stringify(left) });
    return true;
  }

  #stepOf(user: UserRow, code: string, now: number): number | undefined {
    if (user.totp_sealed === null) return undefined;
    const seed = Secret.fromBase32(this.#sealer.open(seedContext(user.id), user.totp_sealed));
    const delta = totpOf(seed, user.username).validate({ token: code, timestamp: now, window: 1 });
    if (delta === null) return undefined;
    const step = Math.floor(now / periodMs) + delta;
    return user.totp_last_step !== null && step <= user.totp_last_step ? undefined : step;
  }

  #mac(userId: number, code: string): string {
    return this.#sealer.mac(`users.backup_codes.${userId}`, code.replace("-", "").toUpperCase());
  }
}

function totpOf(secret: Secret, label: string): TOTP {
  return new TOTP({ issuer: "Patchbay", label, algorithm: "SHA1", digits: 6, period: periodMs / 1000, secret });
}

function seedContext(userId: number): string {
  return `users.totp_sealed.${userId}`;
}

function bufferOf(base64url: string): ArrayBuffer {
  return Uint8Array.from(Buffer.from(base64url, "base64url")).buffer;
}

function macsOf(stored: string | null): readonly string[] {
  const macs: unknown = stored === null ? [] : JSON.parse(stored);
  return Array.isArray(macs) ? macs.filter((mac) => typeof mac === "string") : [];
}
