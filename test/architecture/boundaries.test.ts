import { describe, expect, it } from "vitest";
import {
  checkArrows,
  checkHelper,
  checkHostModules,
  checkPluginNames,
  checkSoleImporters,
  packageOf,
  parseSoleImporters,
} from "./boundaries.ts";
import { toSourceFile } from "./source-file.ts";

const paths = (found: readonly { path: string }[]) => found.map((one) => one.path);
const files = (samples: Record<string, string>) =>
  Object.entries(samples).map(([path, text]) => toSourceFile(path, text));

describe("checkArrows", () => {
  it("finds every wrong arrow", () => {
    const wrong = files({
      "sdk/a.ts": 'import { x } from "@patchbay/kernel/hooks/x.ts";',
      "sdk/b.ts": 'import "../kernel/main.ts";',
      "kernel/a/b.ts": 'import type { Zone } from "@patchbay/dns/contract";',
      "kernel/a/c.ts": 'const plugin = await import("../../plugins/web/index.ts");',
      "plugins/web/a.ts": 'export * from "@patchbay/kernel";',
      "plugins/web/b.ts": 'import { x } from "@patchbay/php";',
      "plugins/web/c.ts": 'import { x } from "@patchbay/sdk/privileged";',
      "plugins/web/d.ts": 'import { x } from "../php/contract.ts";',
      "plugins/web/e.ts": 'import { x } from "@patchbay/sdk/testing";',
      "kernel/a/d.ts": 'import { x } from "./test-things.ts";',
      "kernel/a/d.test.ts": 'import { x } from "../../plugins/web/a.ts";',
    });
    expect(paths(checkArrows(wrong))).toEqual(wrong.map((file) => file.path));
  });

  it("lets the right ones pass", () => {
    const right = files({
      "sdk/a.ts": 'import * as v from "valibot"; import { b } from "./b.ts";',
      "kernel/a/b.ts": 'import { x } from "@patchbay/sdk"; import { y } from "../c/d.ts";',
      "kernel/helper/b.ts": 'import { x } from "@patchbay/sdk/privileged";',
      "plugins/web/a.ts": 'import { x } from "@patchbay/sdk"; import { y } from "@patchbay/php/contract";',
      "plugins/web/a.test.ts": 'import { x } from "@patchbay/sdk/testing";',
      "kernel/a/b.test.ts": 'import { x } from "./test-things.ts"; import { y } from "../../test/corpus.ts";',
    });
    expect(checkArrows(right)).toEqual([]);
  });
});

describe("checkSoleImporters", () => {
  const owners = parseSoleImporters(
    "| `storage/` | data | knex, sqlite3 |\n| `http/` | web | h3 |\n| `slots/` | s | |\n",
  );

  it("reads the table", () => {
    expect([...owners]).toEqual([
      ["knex", "storage"],
      ["sqlite3", "storage"],
      ["h3", "http"],
    ]);
  });

  it("finds a library outside of its room", () => {
    const found = checkSoleImporters(
      files({
        "kernel/storage/a.ts": 'import knex from "knex";',
        "kernel/jobs/a.ts": 'import knex from "knex";',
        "kernel/main.ts": 'import { H3 } from "h3/node";',
        "sdk/storage.ts": 'import type { Knex } from "knex";',
        "sdk/other.ts": 'import type { Knex } from "knex";',
        "plugins/web/a.ts": 'const db = require("sqlite3");',
      }),
      owners,
    );
    expect(paths(found)).toEqual(["kernel/jobs/a.ts", "kernel/main.ts", "sdk/other.ts", "plugins/web/a.ts"]);
  });

  it("tells a package from its files", () => {
    expect(packageOf("@a/b/c")).toBe("@a/b");
    expect(packageOf("h3/node")).toBe("h3");
    expect(packageOf("node:fs")).toBeUndefined();
  });
});

describe("checkHostModules", () => {
  it("finds files, processes and sockets where they do not belong", () => {
    const found = checkHostModules(
      files({
        "kernel/auth/a.ts": 'import { readFile } from "node:fs/promises";',
        "kernel/storage/a.ts": 'import { chmodSync } from "node:fs";',
        "kernel/storage/b.ts": 'import { connect } from "node:net";',
        "kernel/helper/a.ts": 'import { spawn } from "node:child_process";',
        "kernel/auth/b.ts": 'import type { Socket } from "node:net";',
        "plugins/web/a.ts": 'const fs = await import("fs");',
        "plugins/web/a.test.ts": 'import { spawn } from "node:child_process";',
      }),
    );
    expect(paths(found)).toEqual(["kernel/auth/a.ts", "kernel/storage/b.ts", "plugins/web/a.ts"]);
  });
});

describe("checkHelper", () => {
  it("finds what the helper must not import", () => {
    const found = checkHelper(
      files({
        "kernel/helper/a.ts":
          'import * as v from "valibot"; import "./b.ts"; import { x } from "@patchbay/sdk/privileged";',
        "kernel/helper/b.ts": 'import { x } from "@patchbay/sdk";',
        "kernel/helper/c.ts": 'import { x } from "../storage/types.ts";',
        "kernel/helper/d.ts": 'import semver from "semver";',
        "kernel/helper/e.ts": 'import type { ServiceGrant } from "@patchbay/sdk";',
      }),
    );
    expect(paths(found)).toEqual(["kernel/helper/b.ts", "kernel/helper/c.ts", "kernel/helper/d.ts"]);
  });
});

describe("checkPluginNames", () => {
  it("finds a plugin's name in a string, a template and an import", () => {
    const found = checkPluginNames(
      files({
        "kernel/a/a.ts": 'const id = "web-nginx";',
        "kernel/a/b.ts": "const path = `${root}/plugins/web/x`;",
        "kernel/a/c.ts": 'import "@patchbay/web";',
        "kernel/a/d.ts": '// web-nginx\nconst user = "web"; const other = "web-nginx-2";',
        "plugins/web-nginx/a.ts": 'const id = "web-nginx";',
      }),
      ["web", "web-nginx"],
    );
    expect(paths(found)).toEqual(["kernel/a/a.ts", "kernel/a/b.ts", "kernel/a/c.ts"]);
  });
});
