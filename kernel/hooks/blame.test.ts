import { expect, it } from "vitest";
import { createBlameLedger } from "./blame.ts";

it("degrades a plugin at its fifth failure within a minute, once, until it is forgiven", () => {
  let now = 0;
  const degraded: string[] = [];
  const ledger = createBlameLedger({ clock: { now: () => now }, onDegraded: (plugin) => degraded.push(plugin) });
  const fail = (plugin: string, times: number) => {
    for (let i = 0; i < times; i++) ledger.blame(plugin, "h", new Error("x"));
  };
  fail("a", 4);
  now = 60_000;
  fail("a", 4);
  fail("b", 1);
  expect(degraded).toEqual([]);
  now = 119_999;
  fail("a", 1);
  fail("a", 7);
  expect(degraded).toEqual(["a"]);
  expect([ledger.isDegraded("a"), ledger.isDegraded("b")]).toEqual([true, false]);
  ledger.forgive("a");
  expect(ledger.isDegraded("a")).toBe(false);
  fail("a", 5);
  expect(degraded).toEqual(["a", "a"]);
});
