import type { ProviderEntry, Slot } from "@patchbay/sdk";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import type { ProviderSource } from "./candidate.ts";
import { slotOptions } from "./slot-options.ts";
import { createSlotTable, isServed } from "./slot-table.ts";

const slot = (id: string, after: readonly string[] = [], option: string | null = `${id}_server`): Slot => ({
  id,
  title: id,
  option,
  unit: v.looseObject({}),
  after,
  load: async () => new Map(),
  keys: async () => [],
});
const use = () => {
  throw new Error("unused");
};
const source = (plugin: string, of: string, create?: () => never): ProviderSource => {
  const provider = { kind: "render" as const, audit: () => [], base: () => ({}), render: () => ({}) };
  const entry: ProviderEntry = { slot: of, id: plugin, title: plugin, create: create ?? (() => provider) };
  return { plugin, entry, use, sharesPorts: false };
};
const ports = { http: 80, https: 443 };
const anything = { ports, chosen: () => undefined, installed: () => true };

describe("createSlotTable", () => {
  it("puts slots after those they build on, and equal ones by name", () => {
    const table = createSlotTable({
      slots: [slot("web", ["php"]), slot("php", ["accounts"]), slot("accounts"), slot("dns")],
      providers: [],
      ...anything,
    });
    expect(table.order.map((entry) => entry.slot.id)).toEqual(["accounts", "dns", "php", "web"]);
    expect(table.order.map((entry) => entry.awaited)).toEqual([true, false, true, false]);
  });

  it("tells every problem at once", () => {
    const slots = [slot("a", ["b"]), slot("b", ["a"]), slot("c", ["missing"]), slot("d"), slot("d")];
    const build = () => createSlotTable({ slots, providers: [], ...anything });
    expect(build).toThrow(/declared twice.*missing, which does not exist.*wait for each other: a, b/s);
    const providers = [source("x", "nowhere"), source("y", "d"), source("y", "d")];
    expect(() => createSlotTable({ slots: [slot("d")], providers, ...anything })).toThrow(
      /x provides nowhere.*two providers called y/s,
    );
  });

  it("binds what was chosen, when it is installed, and nothing else", () => {
    const installed = new Set(["one", "two"]);
    let chosen: string | undefined;
    const table = createSlotTable({
      slots: [slot("web")],
      providers: [source("one", "web"), source("two", "web")],
      ports,
      chosen: () => chosen,
      installed: (plugin) => installed.has(plugin),
    });
    const bound = () => {
      const found = table.get("web")?.chosen();
      if (found === undefined || found === "none") return found;
      return isServed(found) ? found.plugin : found.reason;
    };
    expect(bound()).toBe("one");
    chosen = "two";
    expect(bound()).toBe("two");
    installed.delete("two");
    expect(bound()).toBe("two is not installed");
    chosen = "three";
    expect(bound()).toBe("the backend chosen for web is not there");
    chosen = undefined;
    installed.clear();
    expect(bound()).toBe("no backend for web is installed");
  });

  it("serves a slot without an option only while one backend is installed, and creates a provider once", () => {
    let created = 0;
    const counted = source("one", "web", () => {
      created += 1;
      return {} as never;
    });
    const single = createSlotTable({ slots: [slot("web", [], null)], providers: [counted], ...anything });
    single.get("web")?.chosen();
    single.get("web")?.chosen();
    expect(created).toBe(1);
    const several = createSlotTable({
      slots: [slot("web", [], null)],
      providers: [counted, source("two", "web")],
      ...anything,
    });
    expect(several.get("web")?.chosen()).toEqual({ reason: "several backends serve web" });
  });

  it("serves nothing when the chosen provider cannot be created", () => {
    const broken = source("one", "web", () => {
      throw new Error("a bug");
    });
    const table = createSlotTable({ slots: [slot("web")], providers: [broken], ...anything });
    expect(table.get("web")?.chosen()).toEqual({ reason: "one could not be set up" });
  });

  it("serves by its default while nobody has chosen, if that is installed", () => {
    const installed = new Set(["one", "two"]);
    const two = source("two", "web");
    const table = createSlotTable({
      slots: [slot("web")],
      providers: [source("one", "web"), { ...two, entry: { ...two.entry, default: true } }],
      ports,
      chosen: () => undefined,
      installed: (plugin) => installed.has(plugin),
    });
    const entry = table.get("web");
    expect(entry?.chosen()).toBe(entry?.candidates[1]);
    expect(slotOptions(table)[0]).toMatchObject({ optional: false, fallback: "two" });
    installed.delete("two");
    expect(entry?.chosen()).toBe(entry?.candidates[0]);
    expect(slotOptions(table)[0]?.providers).toEqual([
      { id: "one", title: "one", plugin: "one", installed: true },
      { id: "two", title: "two", plugin: "two", installed: false },
    ]);
  });

  it("is served by nobody when that was chosen, and only where it may", () => {
    const of = (optional: boolean) =>
      createSlotTable({
        slots: [{ ...slot("dns"), optional }],
        providers: [source("one", "dns")],
        ports,
        chosen: () => "none",
        installed: () => true,
      })
        .get("dns")
        ?.chosen();
    expect(of(true)).toBe("none");
    expect(of(false)).toEqual({ reason: "the backend chosen for dns is not there" });
  });

  it("gives every backend side ports by the order of the ids", () => {
    const table = createSlotTable({
      slots: [slot("web")],
      providers: [source("two", "web"), source("one", "web")],
      ...anything,
    });
    expect(table.get("web")?.candidates.map(({ id, sidePorts }) => ({ id, ...sidePorts }))).toEqual([
      { id: "two", http: 881, https: 964 },
      { id: "one", http: 880, https: 963 },
    ]);
  });

  it("refuses several defaults, and a plugin that provides a slot twice", () => {
    const [one, two] = [source("one", "web"), source("two", "web")];
    const both = [one, two].map((each) => ({ ...each, entry: { ...each.entry, default: true } }));
    const twice = { ...one, entry: { ...one.entry, id: "other" } };
    const build = (providers: ProviderSource[]) => createSlotTable({ slots: [slot("web")], providers, ...anything });
    expect(() => build(both)).toThrow(/web has several default providers/);
    expect(() => build([one, twice])).toThrow(/one provides web twice/);
  });
});
