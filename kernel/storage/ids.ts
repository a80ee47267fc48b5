import { randomBytes, randomUUID } from "node:crypto";
import type { Clock } from "@patchbay/sdk";
import type { Ids } from "./types.ts";

/** Ids of RFC 9562 version 7: they sort by the time they were made. Not secrets: use `secret` for those. */
export function createIds(clock: Clock): Ids {
  return {
    uuid: () => {
      const time = clock.now().toString(16).padStart(12, "0");
      // The library's own ids come from a pool of randomness; a call of the system for each id costs as much as a read.
      return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
    },
    secret: (bytes) => randomBytes(bytes).toString("base64url"),
  };
}
