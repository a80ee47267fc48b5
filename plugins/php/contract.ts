import { type ChangeContext, type Read, token } from "@patchbay/sdk";
import * as v from "valibot";

/** Id of the slot of the PHP pools. Units are keyed `<username>-<version>`; slots that use a pool come `after` it. */
export const phpSlotId = "php";

/** Desired state of one pool: the PHP processes of one account and one version. */
export const phpPoolUnit = v.strictObject({
  username: v.string(),
  /** Also the group id. */
  uid: v.number(),
  /** Absolute. */
  home: v.string(),
  version: v.string(),
  /** Which process of this version serves the pool. Never changes while the pool lives. */
  shard: v.number(),
  limits: v.strictObject({
    /** Processes at a time. */
    children: v.number(),
    /** `memory_limit` of each. */
    memoryMb: v.number(),
  }),
});

export type PhpPoolUnit = v.InferOutput<typeof phpPoolUnit>;

/** The PHP pools of accounts, for plugins whose units are served by them. */
export interface PhpPools {
  /** Installed versions, newest first. */
  installed(): readonly string[];
  /** Throws PHP_VERSION_ABSENT (400) naming the installed versions. */
  requireInstalled(version: string): void;
  /** Versions the account has a pool of. */
  versions(read: Read, accountId: number): Promise<readonly string[]>;
  /** Gives the account a pool of this version unless it has one. Throws PHP_VERSION_ABSENT (400). */
  ensure(change: ChangeContext, accountId: number, version: string): Promise<void>;
  /** Takes the pool away. Succeeds when there is none. */
  release(change: ChangeContext, accountId: number, version: string): Promise<void>;
  /** Socket of a pool, relative to the host's run directory, `php/john-8.2.sock`. */
  socket(username: string, version: string): string;
}

export const PhpPools = token<PhpPools>("php.pools");
