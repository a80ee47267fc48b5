import { expect, it } from "vitest";
import { within } from "./within.ts";

const ended = (signal: AbortSignal) =>
  new Promise<string>((resolve) => {
    if (signal.aborted) resolve(String(signal.reason.name));
    signal.addEventListener("abort", () => resolve(String(signal.reason.name)));
  });

it("ends when the time is over, or when it is told", async () => {
  expect(await within(20, undefined, ended)).toBe("TimeoutError");
  const controller = new AbortController();
  const told = within(60_000, controller.signal, ended);
  controller.abort();
  expect(await told).toBe("AbortError");
  expect(await within(60_000, AbortSignal.abort(), ended)).toBe("AbortError");
  expect(await within(60_000, undefined, async () => "done")).toBe("done");
});
