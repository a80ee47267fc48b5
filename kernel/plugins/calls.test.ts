import { expect, it } from "vitest";
import { Calls } from "./calls.ts";

it("is idle when the last call has ended, whoever ends twice", async () => {
  const calls = new Calls();
  await calls.idle(10_000);
  const ends = [calls.begin(), calls.begin()];
  const idle = calls.idle(10_000).then(() => "idle");
  ends[0]?.();
  ends[0]?.();
  expect(await Promise.race([idle, new Promise((resolve) => setTimeout(resolve, 20, "busy"))])).toBe("busy");
  ends[1]?.();
  expect(await idle).toBe("idle");
});

it("waits no longer than it is told to", async () => {
  const calls = new Calls();
  calls.begin();
  await calls.idle(20);
});
