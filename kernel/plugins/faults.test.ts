import { PanelError } from "@patchbay/sdk";
import { beforeEach, describe, expect, it } from "vitest";
import { DeadlineError } from "../hooks/deadline.ts";
import { FaultLedger } from "./faults.ts";
import type { FaultKind } from "./guests.ts";

let now: number;
let degraded: string[];
let unbearable: string[];
let seen: string[];
let ledger: FaultLedger;

beforeEach(() => {
  now = 1_000_000;
  [degraded, unbearable, seen] = [[], [], []];
  ledger = new FaultLedger({
    clock: { now: () => now },
    isReported: (error) => error instanceof RangeError,
    onFault: ({ plugin, kind, message }) => seen.push(`${plugin} ${kind} ${message}`),
    onDegraded: ({ plugin }) => degraded.push(plugin),
    onUnbearable: (plugin, reason) => unbearable.push(`${plugin}: ${reason}`),
  });
});

const fail = (plugin: string, times: number, kind: FaultKind = "threw") => {
  for (let i = 0; i < times; i++) ledger.report({ plugin, kind, where: "notes.add", message: "Error" });
};

describe("a plugin", () => {
  it("is degraded by its fifth fault within a minute, once, until it is forgiven or well again", () => {
    fail("a", 4);
    now += 60_000;
    fail("a", 4);
    fail("b", 1);
    expect(degraded).toEqual([]);
    fail("a", 1);
    fail("a", 1);
    expect(degraded).toEqual(["a"]);
    expect([ledger.isDegraded("a"), ledger.isDegraded("b")]).toEqual([true, false]);
    now += 119_999;
    expect(ledger.isDegraded("a")).toBe(true);
    now += 1;
    expect(ledger.isDegraded("a")).toBe(false);
    fail("a", 5);
    expect(degraded).toEqual(["a", "a"]);
    ledger.forgive("a");
    expect(ledger.isDegraded("a")).toBe(false);
  });

  it("is unbearable with its tenth fault within two minutes", () => {
    fail("a", 9);
    now += 120_000;
    fail("a", 9);
    expect(unbearable).toEqual([]);
    fail("a", 1);
    expect(unbearable).toEqual(["a: it failed 10 times within 120 s, the last time at notes.add: Error"]);
  });

  it.each(["exited", "memory", "stuck"] as const)(
    "is unbearable when its process ends for the third time (%s)",
    (kind) => {
      fail("a", 2, kind);
      now += 60_000;
      fail("a", 2, kind);
      expect(unbearable).toEqual([]);
      fail("a", 1, "exited");
      expect(unbearable).toHaveLength(1);
    },
  );

  it("is unbearable when it cannot be started", () => {
    fail("a", 1, "start");
    expect(unbearable).toEqual(["a: it could not be started: Error"]);
  });
});

describe("what was thrown", () => {
  it("is told by its kind and place, and never by its message", () => {
    ledger.thrown(
      "a",
      "notes.add",
      new TypeError("S3CRET at x (/etc/S3CRET.js:1:1)\n    at S3CRET (/a/b/S3CRET.js:1:1)"),
    );
    ledger.thrown("a", "notes.add", new DeadlineError(50));
    ledger.thrown("a", "notes.add", "S3CRET");
    ledger.thrown("a", "notes.add", new PanelError("HOOK_NONSENSE", { status: 500, message: "S3CRET" }));
    const odd = new Error("S3CRET");
    odd.name = "S3CRET 1";
    ledger.thrown("a", "notes.add", odd);
    expect(seen).toEqual([
      expect.stringMatching(/^a threw TypeError at .*kernel\/plugins\/faults\.test\.ts:\d+$/),
      "a late no answer within 50 ms",
      "a threw something that is no Error",
      "a threw PanelError HOOK_NONSENSE",
      expect.stringMatching(/^a threw Error at .*faults\.test\.ts:\d+$/),
    ]);
  });

  it("counts once, however many hands it passes through", () => {
    const error = new Error("x");
    for (const plugin of ["a", "b", "a"]) ledger.thrown(plugin, "notes.add", error);
    expect(seen).toHaveLength(1);
  });

  it("is not held against a plugin when it is the panel's own trouble", () => {
    ledger.thrown("a", "x", new RangeError("reported by its process"));
    ledger.thrown("a", "x", Object.assign(new Error("full"), { code: "SQLITE_FULL" }));
    for (const code of ["STORAGE_UNAVAILABLE", "HASHING_BUSY", "PLUGIN_UNAVAILABLE"]) {
      ledger.thrown("a", "x", new PanelError(code, { status: 503, message: "later" }));
    }
    expect(seen).toEqual([]);
  });
});
