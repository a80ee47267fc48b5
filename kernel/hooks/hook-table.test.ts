import { defineHook, type HookKind, invalid, isPanelError, PanelError, type Tap } from "@patchbay/sdk";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createHookTable, type HookTableOptions } from "./hook-table.ts";
import type { RegisteredTap } from "./order.ts";
import { createPluginContext } from "./plugin-context.ts";

const before = defineHook<"veto", { name: string; list?: string[] }>("veto", "domains.add.before");
const input = defineHook<"transform", { name: string }>("transform", "domains.add.input");
const provision = defineHook<"guarded", { account: number }>("guarded", "accounts.provision");
const added = defineHook<"notify", { id: number }>("notify", "domains.added");

type AnyHook = RegisteredTap["hook"];
const tapOf = <P>(
  plugin: string,
  hook: { id: string; kind: HookKind },
  tap: (payload: P, ctx: { signal: AbortSignal }) => unknown,
  order?: RegisteredTap["order"],
): RegisteredTap => ({
  plugin,
  hook: hook as AnyHook,
  tap: tap as unknown as Tap<HookKind, unknown>,
  order,
});

const build = (taps: readonly RegisteredTap[], more: Partial<HookTableOptions> = {}) => {
  const blamed: string[] = [];
  const onBlame = (plugin: string, hookId: string) => void blamed.push(`${plugin} ${hookId}`);
  return {
    table: createHookTable({ taps, onBlame, deadlines: { veto: 50, transform: 50, guarded: 50, notify: 50 }, ...more }),
    blamed,
  };
};

const errorOf = async (work: Promise<unknown>): Promise<PanelError> => {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isPanelError(error)) throw new Error(`expected a PanelError, got ${String(error)}`);
  return error;
};

describe("veto", () => {
  it("lets pass when nobody taps or nobody denies", async () => {
    await build([]).table.veto(before, { name: "a.test" });
    await build([tapOf("a", before, async () => undefined)]).table.veto(before, { name: "a.test" });
    expect(build([]).table.has(before.id)).toBe(false);
  });

  it("throws the first denial in order and asks nobody after it", async () => {
    const asked: string[] = [];
    const { table, blamed } = build([
      tapOf("c", before, () => void asked.push("c")),
      tapOf("b", before, async () => {
        asked.push("b");
        return { code: "NO_B", message: "b says no" };
      }),
      tapOf("a", before, async () => void asked.push("a")),
    ]);
    const error = await errorOf(table.veto(before, { name: "a.test" }));
    expect([error.code, error.status, error.message]).toEqual(["NO_B", 403, "b says no"]);
    expect(asked).toEqual(["a", "b"]);
    expect(blamed).toEqual([]);
  });

  it.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("secret");
      },
    ],
    [
      "rejects",
      async () => {
        throw new PanelError("X", { status: 400, message: "secret" });
      },
    ],
    ["hangs", () => new Promise(() => undefined)],
    ["answers true", async () => true],
    ["answers null", async () => null],
    ["answers half a denial", async () => ({ code: "X" })],
  ])("fails closed and blames a tap that %s", async (_, tap) => {
    const { table, blamed } = build([tapOf("bad", before, tap), tapOf("after", before, async () => undefined)]);
    const error = await errorOf(table.veto(before, { name: "a.test" }));
    expect([error.code, error.status]).toEqual(["HOOK_FAILED", 503]);
    expect(error.message).not.toContain("secret");
    expect(blamed).toEqual(["bad domains.add.before"]);
  });

  it("aborts the signal of a tap that is out of time", async () => {
    let signal: AbortSignal | undefined;
    const { table } = build([
      tapOf("slow", before, (_p, ctx) => {
        signal = ctx.signal;
        return new Promise(() => undefined);
      }),
    ]);
    await errorOf(table.veto(before, { name: "a.test" }));
    expect(signal?.aborted).toBe(true);
  });

  it("gives taps a payload they cannot change, and leaves the caller's alone", async () => {
    const payload = { name: "a.test", list: ["x"] };
    const { table, blamed } = build([
      tapOf<typeof payload>("top", before, async (seen) => {
        try {
          seen.name = "b.test";
        } catch {
          /* Frozen: that is what is tested. */
        }
        try {
          seen.list.push("y");
        } catch {
          /* Frozen below the top too. */
        }
        expect(seen).toEqual({ name: "a.test", list: ["x"] });
      }),
    ]);
    await table.veto(before, payload);
    payload.list.push("z");
    expect(payload).toEqual({ name: "a.test", list: ["x", "z"] });
    expect(blamed).toEqual([]);
  });
});

describe("transform", () => {
  const parse = (value: { name: string }) => {
    if (value.name.length > 20) throw invalid("name", "range", "too long");
    return { name: value.name.toLowerCase() };
  };

  it("passes the value on in order and revalidates after every tap", async () => {
    const { table } = build([
      tapOf<{ name: string }>("b", input, async (value) => ({ name: `${value.name}-B` })),
      tapOf<{ name: string }>("a", input, (value) => ({ name: `${value.name}-A` })),
    ]);
    expect(await table.transform(input, { name: "x" }, parse)).toEqual({ name: "x-a-b" });
    expect(await build([]).table.transform(input, { name: "X" }, parse)).toEqual({ name: "X" });
  });

  it.each<[string, (value: { name: string }) => unknown]>([
    ["makes it invalid", async () => ({ name: "n".repeat(21) })],
    ["forgets to answer", async () => undefined],
    [
      "changes the value it was given",
      async (value) => {
        value.name = "other";
        return value;
      },
    ],
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["hangs", () => new Promise(() => undefined)],
  ])("refuses the operation when a tap %s", async (_, tap) => {
    const value = { name: "x" };
    const { table, blamed } = build([tapOf("bad", input, tap)]);
    expect((await errorOf(table.transform(input, value, parse))).code).toBe("HOOK_FAILED");
    expect(value).toEqual({ name: "x" });
    expect(blamed).toEqual(["bad domains.add.input"]);
  });
});

describe("guarded", () => {
  it("runs in order, passes a PanelError on and wraps anything else", async () => {
    const ran: string[] = [];
    const refuse = new PanelError("HOME_EXISTS", { status: 409, message: "the home exists" });
    const good = build([
      tapOf("b", provision, async () => void ran.push("b")),
      tapOf("a", provision, async () => void ran.push("a")),
    ]);
    await good.table.guarded(provision, { account: 1 });
    expect(ran).toEqual(["a", "b"]);
    const refusing = build([
      tapOf("a", provision, async () => {
        throw refuse;
      }),
    ]);
    await expect(refusing.table.guarded(provision, { account: 1 })).rejects.toBe(refuse);
    expect(refusing.blamed).toEqual([]);
    const failing = build([
      tapOf("a", provision, async () => {
        throw new Error("x");
      }),
    ]);
    expect((await errorOf(failing.table.guarded(provision, { account: 1 }))).code).toBe("HOOK_FAILED");
    expect(failing.blamed).toEqual(["a accounts.provision"]);
  });
});

describe("notify", () => {
  it("lists each subscriber once and delivers to one plugin alone", async () => {
    const got: string[] = [];
    const { table } = build([
      tapOf("b", added, async () => void got.push("b")),
      tapOf("a", added, async () => void got.push("a1")),
      tapOf("a", added, async () => void got.push("a2")),
    ]);
    expect(table.subscribers(added.id)).toEqual(["a", "b"]);
    expect(table.subscribers("nothing")).toEqual([]);
    await table.deliver("a", added.id, { id: 1 }, new AbortController().signal);
    expect(got).toEqual(["a1", "a2"]);
    await expect(table.deliver("c", added.id, { id: 1 }, new AbortController().signal)).rejects.toThrow(
      "does not listen",
    );
  });

  it("blames a failing tap, but not for the panel's own stop", async () => {
    const { table, blamed } = build([tapOf("a", added, () => new Promise(() => undefined))]);
    const stop = new AbortController();
    const stopped = table.deliver("a", added.id, { id: 1 }, stop.signal);
    stop.abort(new Error("stopping"));
    await expect(stopped).rejects.toThrow("stopping");
    expect(blamed).toEqual([]);
    await expect(table.deliver("a", added.id, { id: 1 }, new AbortController().signal)).rejects.toThrow(
      "no answer within",
    );
    expect(blamed).toEqual(["a domains.added"]);
  });
});

describe("a table", () => {
  it("knows the plugin on whose behalf code runs, across awaits", async () => {
    const context = createPluginContext();
    const seen: unknown[] = [];
    const tap = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      seen.push(context.current());
    };
    const { table } = build([tapOf("b", before, tap), tapOf("a", before, tap)], { context });
    await table.veto(before, { name: "x" });
    expect([...seen, context.current()]).toEqual(["a", "b", undefined]);
  });

  it("orders by stage, then before and after, then plugin id", async () => {
    const ran: string[] = [];
    const note = (name: string, order?: RegisteredTap["order"]) =>
      tapOf(name, provision, async () => void ran.push(name), order);
    const { table } = build([
      note("late", { stage: "late" }),
      note("a", { after: ["z"] }),
      note("m"),
      note("z"),
      note("q", { before: ["b"] }),
      note("b"),
      note("early", { stage: "early", before: ["a"] }),
    ]);
    await table.guarded(provision, { account: 1 });
    expect(ran).toEqual(["early", "m", "q", "b", "z", "a", "late"]);
  });

  it("collects everything that is wrong with the order", () => {
    const make = (plugin: string, hook: { id: string; kind: HookKind }, order?: RegisteredTap["order"]) =>
      tapOf(plugin, hook, async () => undefined, order);
    const wrong = () =>
      build([
        make("a", before, { before: ["ghost"] }),
        make("b", input, { after: ["c"] }),
        make("c", input, { after: ["b"] }),
        make("a", provision, { stage: "late", before: ["b"] }),
        make("b", provision),
        make("a", { id: input.id, kind: "veto" }),
      ]);
    expect(wrong).toThrow(/ghost.*/);
    expect(wrong).toThrow(/b, c wait for each other/);
    expect(wrong).toThrow(/contradicts its stage/);
    expect(wrong).toThrow(/tapped as transform and veto|tapped as veto and transform/);
    expect(() => build([make("a", before, { after: ["quiet"] })], { plugins: ["a", "quiet"] })).not.toThrow();
  });

  it("keeps every acyclic wish, whatever the order of declaration", async () => {
    const plugins = ["a", "b", "c", "d", "e", "f"];
    const wish = fc.tuple(fc.nat(5), fc.nat(5)).filter(([x, y]) => x < y);
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(plugins, { minLength: 6 }),
        fc.array(wish, { maxLength: 8 }),
        async (rank, wishes) => {
          const ran: string[] = [];
          const taps = plugins.map((plugin) =>
            tapOf(plugin, provision, async () => void ran.push(plugin), {
              before: wishes.filter(([x]) => rank[x] === plugin).map(([, y]) => rank[y] ?? ""),
            }),
          );
          await build(taps).table.guarded(provision, { account: 1 });
          for (const [x, y] of wishes) expect(ran.indexOf(rank[x] ?? "")).toBeLessThan(ran.indexOf(rank[y] ?? ""));
          expect([...ran].sort()).toEqual(plugins);
        },
      ),
      { numRuns: 200 },
    );
  });
});
