import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { isAlive } from "./processes.ts";
import { startPanel, type TestPanel } from "./start-panel.ts";

const running = new Set<TestPanel>();
const folders: string[] = [];

async function start(options: Parameters<typeof startPanel>[0] = {}): Promise<TestPanel> {
  const panel = await startPanel(options);
  running.add(panel);
  return panel;
}

async function stop(panel: TestPanel): Promise<void> {
  running.delete(panel);
  await panel.stop();
}

afterEach(async () => {
  for (const panel of running) await stop(panel);
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function writePlugin(id: string, code: string): string {
  const folder = mkdtempSync(join(tmpdir(), "patchbay-plugin-"));
  folders.push(folder);
  const patchbay = { id, title: id, sdk: "^1.0.0" };
  const manifest = { name: `patchbay-plugin-${id}`, version: "1.0.0", type: "module", exports: "./index.js", patchbay };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(folder, "index.js"), code);
  return folder;
}

describe("startPanel", () => {
  it("starts a real panel: its admin, other callers, its command, its sites", async () => {
    const panel = await start();
    const login = { username: "ada", email: "ada@example.org", password: "long enough for a holder" };
    const created = await panel.call("POST", "accounts/create", { ...login, domain: "ada.test" });
    expect(created.status, created.text).toBe(200);
    const ada = await panel.login("ada", login.password);
    expect((await ada.call("GET", "domains/list")).data).toMatchObject([{ domain: "ada.test" }]);
    expect(await ada.call("GET", "plugins/list")).toMatchObject({ status: 403 });
    expect((await panel.site("ada.test")).status).toBeGreaterThanOrEqual(200);
    expect((await panel.cli("account", "list", "--json")).stdout).toContain('"ada"');
    await expect(panel.login("ada", "not this one")).rejects.toThrow("ada cannot log in");
    const { data } = panel;
    await stop(panel);
    expect(existsSync(dirname(data))).toBe(false);
  });

  it("installs plugins as an admin would, and enables them unless it is told not to", async () => {
    const stateOf = async ({ call }: TestPanel, id: string) => {
      const { data } = await call("GET", "plugins/list");
      return (data as { id: string; state: string }[]).find((plugin) => plugin.id === id)?.state;
    };
    const folder = writePlugin(
      "guest",
      'import { definePlugin } from "@patchbay/sdk";\nexport default definePlugin(() => {});\n',
    );
    const enabled = await start({ plugins: [folder] });
    expect(enabled.plugins).toEqual(["guest"]);
    expect(await stateOf(enabled, "guest")).toBe("active");
    await stop(enabled);
    const installed = await start({ plugins: [folder], enable: false });
    expect(await stateOf(installed, "guest")).toBe("disabled");
  });

  it("passes on why the panel refuses a plugin", async () => {
    const folder = writePlugin("broken", 'throw new Error("cannot be imported");\n');
    await expect(startPanel({ plugins: [folder] })).rejects.toThrow("plugins/enable of the plugin broken answered 409");
  });

  it("ends what was left of it, and says so", async () => {
    const panel = await start();
    const left = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)", panel.data], { detached: true });
    await expect(stop(panel)).rejects.toThrow("left behind");
    await new Promise((resolve) => left.once("exit", resolve));
    expect(isAlive(left.pid as number)).toBe(false);
  });

  it("says what is wrong with a folder that is no plugin, and leaves nothing running", async () => {
    await expect(startPanel({ plugins: [join(import.meta.dirname, "../..")] })).rejects.toThrow("is no plugin");
  });

  it("tells what the panel printed when it does not start", async () => {
    await expect(startPanel({ flags: ["--no-such-flag=1"] })).rejects.toThrow("no-such-flag");
  });
});
