import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { TreeDigests } from "./digest.ts";

let tree: string;
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), "patchbay-digest-"));
});
afterEach(() => rmSync(tree, { recursive: true }));

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const write = (path: string, text: string) => {
  mkdirSync(join(tree, path, ".."), { recursive: true });
  writeFileSync(join(tree, path), text);
};

it("tells every file there is, but for the admin's own", async () => {
  write("main.conf", "main");
  write("sites/a.conf", "a");
  write("local.d/mine.conf", "mine");
  write("sites/local.d/ours.conf", "ours");
  symlinkSync("/etc/passwd", join(tree, "link"));
  expect(await new TreeDigests().of(tree)).toEqual({
    "main.conf": sha256("main"),
    "sites/a.conf": sha256("a"),
    "sites/local.d/ours.conf": sha256("ours"),
    link: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

it("sees every change, also one of the same length in the same instant, or with the old time put back", async () => {
  const digests = new TreeDigests();
  for (let round = 0; round < 200; round += 1) {
    const text = `round ${String(round).padStart(3, "0")}`;
    write("a.conf", text);
    expect(await digests.of(tree)).toEqual({ "a.conf": sha256(text) });
  }
  const past = new Date("2020-01-01");
  utimesSync(join(tree, "a.conf"), past, past);
  await new Promise((resolve) => setTimeout(resolve, 2100));
  const before = await digests.of(tree);
  expect(await digests.of(tree)).toEqual(before);
  write("a.conf", "round xyz");
  utimesSync(join(tree, "a.conf"), past, past);
  expect(await digests.of(tree)).toEqual({ "a.conf": sha256("round xyz") });
  rmSync(join(tree, "a.conf"));
  expect(await digests.of(tree)).toEqual({});
});
