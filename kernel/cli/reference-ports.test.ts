import { join } from "node:path";
import type { Contributions, Token } from "@patchbay/sdk";
import * as sdk from "@patchbay/sdk";
import { describe, expect, it } from "vitest";
import { collectContributions } from "../isolation/guest-contributions.ts";
import { createGuestServices } from "../isolation/guest-services.ts";
import type { Line } from "../isolation/line.ts";
import type { Snapshot } from "../isolation/protocol.ts";
import { manifestPage } from "./reference-manifest.ts";
import { portsPage } from "./reference-ports.ts";

const page = portsPage(join(import.meta.dirname, "../.."));
/** Cells of the rows of a table that begin with a name in code, by that name. */
const rowsOf = (section: string) => {
  const [text = ""] = page.slice(page.indexOf(section) + 1).split(/\n##+ /);
  const rows = [...text.matchAll(/^\| \[?`(\w+)`[^|]*\| ([^|]+) \|/gm)];
  return new Map(rows.map(([, name = "", where = ""]) => [name, where]));
};

const tokens = Object.entries(sdk as Readonly<Record<string, unknown>>).filter(
  (entry): entry is [string, Token<unknown>] => {
    const [, value] = entry;
    return typeof value === "object" && value !== null && "key" in value && typeof value.key === "symbol";
  },
);

describe("the page of ports", () => {
  it("names every service of the panel, and tells which of them a process of its own has", () => {
    const snapshot = {
      certificate: {},
      host: {},
      system: { portals: {} },
      vaultKey: Buffer.alloc(32).toString("base64"),
    } as unknown as Snapshot;
    const guest = createGuestServices({} as Line, snapshot);
    const expected = tokens.map(([name, token]) => [name, guest.find(token) ? "kernel, process" : "kernel"] as const);
    expect(expected.length).toBeGreaterThan(20);
    expect(rowsOf("## Services of the panel")).toEqual(new Map(expected));
  });

  it("tells what a plugin in a process of its own may declare", () => {
    const found = rowsOf("## What a plugin declares");
    expect(found.size).toBeGreaterThan(15);
    for (const [name, where] of found) {
      if (name === "use") continue;
      const declare = () =>
        collectContributions(
          (to) => (to[name as keyof Contributions] as (...given: unknown[]) => void)({}, {}),
          (() => {}) as never,
        );
      if (where === "kernel") expect(declare, name).toThrow("needs isolation: kernel");
      else expect(declare, name).not.toThrow();
    }
  });

  it("says of each what it is", () => {
    expect(page).not.toMatch(/^\| [^|]+ \| (kernel|kernel, process) \| {1,2}\|$/m);
  });
});

it("the page of the manifest says what each field means", () => {
  const rows = manifestPage()
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  expect(rows.length).toBeGreaterThan(25);
  for (const line of rows) expect(line).toMatch(/ \| [A-Z][^|]{10,}\. \|$/);
});
