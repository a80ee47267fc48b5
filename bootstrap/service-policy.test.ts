import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withoutServiceStarts } from "./service-policy.mjs";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "patchbay-policy-"));
  file = join(folder, "policy-rc.d");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("withoutServiceStarts", () => {
  it("forbids starts while the work runs, and only then", async () => {
    const code = await withoutServiceStarts(async () => spawnSync(file, ["nginx", "start"]).status, file);
    expect(code).toBe(101);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("cleans up when the work throws", async () => {
    const work = withoutServiceStarts(async () => Promise.reject(new Error("apt")), file);
    await expect(work).rejects.toThrow("apt");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("puts the machine's own policy aside and back, with its mode", async () => {
    writeFileSync(file, "#!/bin/sh\nexit 0\n", { mode: 0o750 });
    const code = await withoutServiceStarts(async () => spawnSync(file).status, file);
    expect(code).toBe(101);
    expect(readFileSync(file, "utf8")).toBe("#!/bin/sh\nexit 0\n");
    expect(statSync(file).mode & 0o777).toBe(0o750);
    expect(readdirSync(folder)).toEqual(["policy-rc.d"]);
  });

  it("puts back what a killed set-up left aside", async () => {
    writeFileSync(file, "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    const own = `import { withoutServiceStarts } from ${JSON.stringify(join(import.meta.dirname, "service-policy.mjs"))};
      await withoutServiceStarts(async () => process.kill(process.pid, "SIGKILL"), ${JSON.stringify(file)});`;
    expect(spawnSync(process.execPath, ["--input-type=module", "-e", own]).signal).toBe("SIGKILL");
    expect(spawnSync(file).status).toBe(101);
    await withoutServiceStarts(async () => undefined, file);
    expect(spawnSync(file).status).toBe(0);
    expect(existsSync(`${file}.patchbay-saved`)).toBe(false);
  });

  it("cleans up when the process exits in the middle", () => {
    const own = `import { withoutServiceStarts } from ${JSON.stringify(join(import.meta.dirname, "service-policy.mjs"))};
      await withoutServiceStarts(async () => process.exit(130), ${JSON.stringify(file)});`;
    expect(spawnSync(process.execPath, ["--input-type=module", "-e", own]).status).toBe(130);
    expect(readdirSync(folder)).toEqual([]);
  });
});
