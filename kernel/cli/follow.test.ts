import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { OperationView } from "../operations/outcome.ts";
import { followOperation } from "./follow.ts";

let printed: string;
beforeEach(() => {
  printed = "";
  const write = (text: unknown) => {
    printed += String(text);
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(write);
  vi.spyOn(process.stderr, "write").mockImplementation((text) => write(`! ${text}`));
});
afterEach(() => vi.restoreAllMocks());

const view = (more: Partial<OperationView>): OperationView => ({
  operation_id: "id",
  action: "system.save-option",
  state: "running",
  progress: 0,
  steps: [],
  error: null,
  ...more,
});

/** A panel that answers these events and then ends the stream, or breaks it with an error. */
const answers = (streams: (OperationView | Error)[][]) => () => ({
  async *events() {
    for (const event of streams.shift() ?? []) {
      if (event instanceof Error) throw event;
      yield event;
    }
  },
});

it("prints each step once as it changes, over a restart of the panel", async () => {
  const audit = { name: "audit", state: "done" as const, message: "2 units" };
  const prepare = { name: "prepare", state: "running" as const, message: "" };
  const code = await followOperation(
    answers([
      [view({ state: "queued" }), view({ steps: [audit] }), view({ steps: [audit], progress: 0.1 })],
      [new Error("refused")],
      [view({ steps: [audit, prepare] }), view({ state: "done", steps: [audit, { ...prepare, state: "done" }] })],
    ]),
    { id: "id", json: false },
  );
  expect(printed).toBe("audit: done, 2 units\nprepare: running\nprepare: done\ndone\n");
  expect(code).toBe(0);
});

it.each([
  [false, "! Nothing was changed.\n"],
  [true, `${JSON.stringify(view({ state: "undone", error: "Nothing was changed." }))}\n`],
])("ends with 1 and the reason when it was undone (json: %s)", async (json, output) => {
  const code = await followOperation(answers([[view({ state: "undone", error: "Nothing was changed." })]]), {
    id: "id",
    json,
  });
  expect([code, printed]).toEqual([1, output]);
});
