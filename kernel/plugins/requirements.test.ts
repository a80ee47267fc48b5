import { expect, it } from "vitest";
import { arrange, dependentsOf } from "./requirements.ts";
import { toyPlugin } from "./testing/plugins.ts";

const plugin = (id: string, ...requires: readonly string[]) => toyPlugin(id, undefined, { requires: [...requires] });
const ids = (plugins: readonly { manifest: { id: string } }[]) => plugins.map(({ manifest }) => manifest.id);

it("puts plugins after those they require, the same whatever order they come in", () => {
  const plugins = [plugin("aa", "cc"), plugin("bb"), plugin("cc", "bb")];
  expect(ids(arrange(plugins).sorted)).toEqual(["bb", "cc", "aa"]);
  expect(ids(arrange([...plugins].reverse()).sorted)).toEqual(["bb", "cc", "aa"]);
});

it("leaves out what requires something that is missing, with the reason, and what requires that", () => {
  const { sorted, problems } = arrange(
    [plugin("aa", "bb"), plugin("bb", "gone", "far"), plugin("cc")],
    (id) => `is ${id === "far" ? "disabled" : "not there"}`,
  );
  expect(ids(sorted)).toEqual(["cc"]);
  expect(Object.fromEntries(problems)).toEqual({
    aa: ["aa requires bb, which cannot be loaded"],
    bb: ["bb requires gone, which is not there", "bb requires far, which is disabled"],
  });
});

it("leaves out a circle and what requires one of it, and nothing else", () => {
  const plugins = [plugin("aa", "bb"), plugin("bb", "cc"), plugin("cc", "bb"), plugin("dd"), plugin("ee", "ee")];
  const { sorted, problems } = arrange(plugins);
  expect(ids(sorted)).toEqual(["dd"]);
  expect(Object.fromEntries(problems)).toEqual({
    aa: ["aa requires bb, which cannot be loaded"],
    bb: ["plugins require each other: bb → cc → bb"],
    cc: ["plugins require each other: bb → cc → bb"],
    ee: ["plugins require each other: ee → ee"],
  });
});

it("names who requires a plugin, also through others", () => {
  const { sorted } = arrange([plugin("aa", "bb"), plugin("bb", "cc"), plugin("cc"), plugin("dd")]);
  expect(ids(dependentsOf(sorted, "cc"))).toEqual(["bb", "aa"]);
  expect(dependentsOf(sorted, "dd")).toEqual([]);
});
