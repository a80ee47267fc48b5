import { randomBytes } from "node:crypto";
import type { Clock } from "@patchbay/sdk";
import type { Ids } from "./types.ts";

/** Ids of RFC 9562 version 7: they sort by the time they were made. Not secrets: use `secret` for those. */
export function createIds(clock: Clock): Ids {
  return {
    uuid: () => {
      const bytes = randomBytes(16);
      bytes.writeUIntBE(clock.now(), 0, 6);
      bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
      bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
      const hex = bytes.toString("hex");
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    },
    secret: (bytes) => randomBytes(bytes).toString("base64url"),
  };
}
