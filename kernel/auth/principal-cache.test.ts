import type { AccountOfUser } from "@patchbay/sdk";
import { describe, expect, it } from "vitest";
import { type KnownCaller, PrincipalCache } from "./principal-cache.ts";

const caller = { expiresAt: 1, idleMs: 1, lastSeenAt: 0 } as unknown as KnownCaller;

function open(maxEntries?: number) {
  let written: (tables: ReadonlySet<string>) => void = () => undefined;
  let source: AccountOfUser | undefined;
  const cache = new PrincipalCache(
    (listener) => {
      written = listener;
    },
    () => source,
    maxEntries,
  );
  return {
    cache,
    write: (...tables: string[]) => written(new Set(tables)),
    setSource: (tables: string[]) => {
      source = { tables, find: async () => undefined };
    },
  };
}

describe("PrincipalCache", () => {
  it("is emptied by writes to what callers are made of, and by no other", () => {
    const { cache, write, setSource } = open();
    setSource(["accounts"]);
    expect(cache.get("a")).toBeUndefined();
    for (const table of ["users", "sessions", "api_tokens", "accounts"]) {
      cache.keep("a", caller, cache.epoch);
      write("domains");
      expect(cache.get("a")).toBe(caller);
      write("domains", table);
      expect(cache.get("a")).toBeUndefined();
    }
  });

  it("does not keep what was looked up before a write", () => {
    const { cache, write } = open();
    const { epoch } = cache;
    write("sessions");
    cache.keep("a", caller, epoch);
    expect(cache.get("a")).toBeUndefined();
  });

  it("keeps nothing from a revocation until its commit, and nothing that was looked up between", () => {
    const { cache, write } = open();
    cache.keep("a", caller, cache.epoch);
    cache.distrust();
    expect(cache.get("a")).toBeUndefined();
    const { epoch } = cache;
    cache.keep("a", caller, epoch);
    expect(cache.get("a")).toBeUndefined();
    write("domains");
    cache.keep("a", caller, epoch);
    expect(cache.get("a")).toBeUndefined();
    cache.keep("a", caller, cache.epoch);
    expect(cache.get("a")).toBe(caller);
  });

  it("forgets with another account source and keeps to its bound", () => {
    const { cache, setSource } = open(2);
    for (const digest of ["a", "b", "c"]) cache.keep(digest, caller, cache.epoch);
    expect(cache.size).toBe(2);
    expect(cache.get("a")).toBeUndefined();
    expect(cache.get("c")).toBe(caller);
    setSource([]);
    expect(cache.get("c")).toBeUndefined();
  });
});
