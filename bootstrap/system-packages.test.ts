import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parsePackageNames } from "./apt.mjs";
import { findBinary } from "./find-binary.mjs";
import { listMissingPackages, listMissingTools } from "./system-packages.mjs";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "patchbay-packages-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("findBinary", () => {
  it("finds absolute paths, names in PATH, and any version", () => {
    writeFileSync(join(folder, "php-fpm8.2"), "");
    expect(findBinary(join(folder, "php-fpm8.2"))).toBe(join(folder, "php-fpm8.2"));
    expect(findBinary(join(folder, "php-fpm*"))).toBe(join(folder, "php-fpm8.2"));
    expect(findBinary("php-fpm8.2", `/nowhere:${folder}`)).toBe(join(folder, "php-fpm8.2"));
    expect(findBinary(join(folder, "php*cli"))).toBeUndefined();
    expect(findBinary(join(folder, "phpXfpm8.2"))).toBeUndefined();
    expect(findBinary("/nowhere/php*")).toBeUndefined();
  });

  it("looks where daemons are although PATH does not", () => {
    expect(findBinary("sh", "")).toBeDefined();
  });
});

const need = (apt: string, binary: string) => ({ apt, binary, reason: "serves sites" });

function plugin(id: string, packages: object[], below = "plugins"): void {
  mkdirSync(join(folder, below, id), { recursive: true });
  writeFileSync(join(folder, below, id, "package.json"), JSON.stringify({ patchbay: { id, packages } }));
}

describe("listMissingPackages", () => {
  it("lists what plugins need and the machine does not have", () => {
    plugin("web-nginx", [need("nginx", join(folder, "nginx")), need("openssl", join(folder, "openssl"))]);
    plugin("notes", []);
    plugin("web-caddy", [need("caddy", join(folder, "caddy"))], "examples");
    writeFileSync(join(folder, "openssl"), "");
    expect(listMissingPackages(folder)).toEqual([{ plugin: "web-nginx", ...need("nginx", join(folder, "nginx")) }]);
  });
});

describe("listMissingTools", () => {
  it("lists what the tests need: their own tools, and the daemons of the examples", () => {
    plugin("web-nginx", [need("nginx", join(folder, "nginx"))]);
    plugin("web-caddy", [need("caddy", join(folder, "caddy"))], "examples");
    const missing = listMissingTools(folder, (binary: string) => (binary.endsWith("dig") ? binary : undefined));
    expect(missing.map(({ apt }) => apt)).toEqual(["curl", "openssl", "caddy"]);
  });
});

describe("parsePackageNames", () => {
  it("takes package names and nothing that could be an option", () => {
    expect(parsePackageNames("php8.2-fpm  php8.2-cli")).toEqual(["php8.2-fpm", "php8.2-cli"]);
    for (const wrong of ["-o", "nginx --allow-downgrades", "a;b", "./x.deb", ""]) {
      expect(() => parsePackageNames(wrong)).toThrow("not a package name");
    }
  });
});
