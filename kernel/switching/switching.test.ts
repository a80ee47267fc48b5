import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { switchCrashPoints } from "./crash-points.ts";
import { TestPanel } from "./testing/panel.ts";

let panel: TestPanel;
beforeEach(async () => {
  panel = await TestPanel.create();
});
afterEach(() => panel.end());

/** Sites that both backends serve alike. */
async function serveAlike(...keys: string[]): Promise<void> {
  await panel.give("web", keys);
  await panel.answer("public", (request, response) => response.end(`page of ${request.headers.host}`));
  await panel.answer("new", (request, response) => response.end(`page of ${request.headers.host}`));
}

describe("choosing a backend", () => {
  it("that serves already changes nothing, but is written down", async () => {
    expect(await panel.save("web_server", "old")).toBeNull();
    expect(await panel.storage.read.all("SELECT key, value FROM settings WHERE key = 'web_server'")).toEqual([
      { key: "web_server", value: "old" },
    ]);
    expect(panel.emitted).toEqual([]);
  });

  it("is saved at once while there is nothing to move", async () => {
    expect(await panel.save("web_server", "new")).toBeNull();
    expect(await panel.chosen("web_server")).toBe("new");
    expect(panel.running()).toEqual(["new front"]);
    const payload = { slot: "web", option: "web_server", from: "old", to: "new" };
    expect(panel.emitted).toMatchObject([{ id: "backends.switched", payload }]);
  });

  it("is refused when it is not installed, not known, or no backend at all", async () => {
    panel.installed.delete("new");
    await expect(panel.save("web_server", "new")).rejects.toMatchObject({ code: "BACKEND_NOT_INSTALLED", status: 409 });
    await expect(panel.save("web_server", "iis")).rejects.toMatchObject({
      fields: [{ field: "value", code: "choice" }],
    });
    await expect(panel.save("web_server", "none")).rejects.toMatchObject({ fields: [{ field: "value" }] });
    await expect(panel.save("brand", "x")).rejects.toMatchObject({ fields: [{ field: "key", code: "choice" }] });
    expect(await panel.chosen("web_server")).toBe("old");
  });

  it("names what cannot be served, and what would be lost in a preview", async () => {
    await panel.give(
      "web",
      Array.from({ length: 30 }, (_, at) => `s${String(at).padStart(2, "0")}.test`),
    );
    panel.issues.set("lame", ({ name }) => [
      ...(name === "s00.test" ? [] : [{ field: "php", message: "cannot run scripts" }]),
      { field: "includes", message: "are ignored", lost: true },
    ]);
    const refusal = await panel.save("web_server", "lame").catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "SWITCH_REFUSED", status: 422, details: { count: 29 } });
    const { units } = (refusal as { details: { units: unknown[] } }).details;
    expect([units.length, units[0]]).toEqual([20, { unit: "s01.test", field: "php", rule: "cannot run scripts" }]);
    const preview = await panel.switching.preview(panel.storage.read, "web_server", "lame");
    expect(preview).toMatchObject({ slot: "web", from: "old", to: "lame", units: 30, warnings: [] });
    expect([preview.refused.length, preview.lost.length]).toEqual([29, 30]);
    expect(await panel.storage.read.all("SELECT * FROM switches")).toEqual([]);
  });

  it("shows in a dry run what it would do, refused or not", async () => {
    await panel.give("web", ["a.test"]);
    panel.issues.set("lame", () => [{ field: "php", message: "cannot run scripts" }]);
    await panel.save("web_server", "lame", { dryRun: true });
    const order = { slot: "web", option: "web_server", from: "old", to: "lame", force: false };
    expect(await panel.switching.task.preview?.(order, panel.storage.read)).toEqual({
      plan: [{ slot: "web", unit: "", action: "switch", target: "web_server from old to lame, 1 unit" }],
      warnings: ["a.test cannot be served, so it is refused: php: cannot run scripts"],
    });
    expect([panel.running(), await panel.chosen("web_server")]).toEqual([["old front"], "old"]);
  });
});

describe("a switch", () => {
  it("tries the new backend beside the old one, hands over, and tells each step", async () => {
    await serveAlike("a.test", "b.test");
    const id = await panel.save("web_server", "new");
    const view = await panel.ended(id);
    expect(view).toMatchObject({ action: "save", state: "done", progress: 1, error: null });
    const gap = expect.stringMatching(/^public port without an answer for \d+ ms at most$/);
    expect(view.steps).toEqual([
      { name: "audit", state: "done", message: "2 units" },
      { name: "prepare", state: "done", message: "2 units" },
      { name: "compare", state: "done", message: "visitors notice nothing" },
      { name: "hand-over", state: "done", message: gap },
      { name: "settle", state: "done", message: "NEW serves 2 units; OLD keeps its configuration for a quick return" },
    ]);
    expect(await panel.chosen("web_server")).toBe("new");
    expect(panel.running()).toEqual(["new front"]);
    const payload = { slot: "web", option: "web_server", from: "old", to: "new" };
    // Held by the change that hands over, not by the one that asked for it.
    expect(panel.emitted).toEqual([
      { id: "backends.switched", payload, heldBy: expect.not.stringContaining(id ?? "") },
    ]);
  });

  it("is the only one of its slot", async () => {
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    await panel.give("web", ["a.test"]);
    await panel.answer("public", async (_request, response) => {
      await gate;
      response.end("page");
    });
    await panel.answer("new", (_request, response) => response.end("page"));
    const id = await panel.save("web_server", "new");
    await expect(panel.save("web_server", "lame")).rejects.toMatchObject({ code: "SWITCH_RUNNING", status: 409 });
    expect((await panel.switching.preview(panel.storage.read, "web_server", "lame")).warnings).toHaveLength(1);
    go();
    expect((await panel.ended(id)).state).toBe("done");
    expect(await panel.save("web_server", "old")).not.toBeNull();
  });

  it("hands back when units do not come up, although it was forced", async () => {
    await panel.give(
      "web",
      Array.from({ length: 7 }, (_, at) => `s${at}.test`),
    );
    panel.issues.set("lame", () => [{ field: "php", message: "cannot run scripts" }]);
    const view = await panel.ended(await panel.save("web_server", "lame", { force: true }));
    expect(view).toMatchObject({ state: "undone", progress: 0.05 });
    expect(view.error).toMatch(
      /^LAME does not serve every unit: s0\.test: php cannot run scripts; .* and 2 more\. Nothing was changed\.$/,
    );
    expect(view.steps.map(({ name, state }) => `${name} ${state}`)).toEqual(["audit done", "prepare failed"]);
    expect(panel.running()).toEqual(["old front"]);
    expect(await panel.chosen("web_server")).toBe("old");
  });

  it("hands back when the daemon refuses a unit", async () => {
    await serveAlike("a.test", "b.test");
    panel.broken.set("new", ["b.test"]);
    const view = await panel.ended(await panel.save("web_server", "new"));
    expect(view.state).toBe("undone");
    expect(view.error).toMatch(
      /^NEW does not serve every unit: b\.test: .* refuses this configuration\. Nothing was changed\.$/,
    );
    expect([panel.running(), await panel.chosen("web_server")]).toEqual([["old front"], "old"]);
  });

  it("hands back when the backend does not even start", async () => {
    await serveAlike("a.test");
    panel.refused.add("new side");
    const view = await panel.ended(await panel.save("web_server", "new"));
    expect(view.state).toBe("undone");
    expect(view.error).toMatch(
      /^NEW does not serve every unit: Web server: .* refuses this configuration\. Nothing was changed\.$/,
    );
    expect([panel.running(), await panel.chosen("web_server")]).toEqual([["old front"], "old"]);
  });

  it("hands back when visitors would be worse off, and only warns of pages that look different", async () => {
    await panel.give("web", ["different.test", "gone.test", "random.test", "refused.test", "same.test"]);
    let asked = 0;
    const pages: Record<string, () => readonly [number, string]> = {
      "random.test": () => {
        asked += 1;
        return [200, String(asked)];
      },
      "refused.test": () => [403, "no"],
    };
    await panel.answer("public", ({ headers }, response) => {
      const [status, body] = pages[headers.host ?? ""]?.() ?? [200, "page"];
      response.writeHead(status).end(body);
    });
    let isGone = true;
    await panel.answer("new", ({ headers: { host = "" } }, response) => {
      if (host === "gone.test" && isGone) response.writeHead(404).end();
      else if (host === "refused.test") response.writeHead(401).end("no");
      else response.end(host === "different.test" ? "another page" : "page");
    });
    const undone = await panel.ended(await panel.save("web_server", "new"));
    expect(undone).toMatchObject({
      state: "undone",
      error: "NEW would serve visitors worse: gone.test/ answers 404 instead of 200. Nothing was changed.",
    });
    expect(panel.running()).toEqual(["old front"]);
    isGone = false;
    const view = await panel.ended(await panel.save("web_server", "new"));
    expect(view).toMatchObject({ state: "done" });
    expect(view.steps[2]?.message).toBe("2 pages look different: different.test/, refused.test/");
  });

  it("ends as undone when the reconciler takes the hand-over back", async () => {
    await serveAlike("a.test");
    panel.refused.add("new front");
    const view = await panel.ended(await panel.save("web_server", "new"));
    expect(view.state).toBe("undone");
    expect(view.error).toMatch(/^NEW could not take over: .*refuses this configuration\. Nothing was changed\.$/);
    expect(view.steps.at(-1)).toMatchObject({ name: "hand-over", state: "failed" });
    expect([panel.running(), await panel.chosen("web_server")]).toEqual([["old front"], "old"]);
  });
});

describe("side by side", () => {
  it("only units that are assigned to nobody move, when the new world is as it should be", async () => {
    await panel.give("names", ["a", "b", "c"]);
    panel.assigned.set("b", "bind");
    panel.drifted.add("cloud/a");
    const undone = await panel.ended(await panel.save("names_server", "cloud"));
    expect(undone.error).toBe("CLOUD does not have every unit as it should: a. Nothing was changed.");
    panel.drifted.clear();
    const view = await panel.ended(await panel.save("names_server", "cloud"));
    expect(view.steps.map(({ message }) => message)).toEqual([
      "2 units",
      "2 units",
      "every unit is the same there",
      "",
      "CLOUD serves 2 units; BIND keeps its configuration for a quick return",
    ]);
    expect(await panel.chosen("names_server")).toBe("cloud");
  });

  it("nobody may serve: at once, and back with all units", async () => {
    await panel.give("names", ["a"]);
    const preview = await panel.switching.preview(panel.storage.read, "names_server", "none");
    expect(preview).toMatchObject({ from: "bind", units: 1, warnings: ["1 unit will be served by nobody."] });
    expect(await panel.save("names_server", "none")).toBeNull();
    expect(await panel.chosen("names_server")).toBe("none");
    expect(await panel.ended(await panel.save("names_server", "bind"))).toMatchObject({ state: "done" });
    expect(await panel.chosen("names_server")).toBe("bind");
  });
});

describe("a panel that dies", () => {
  it.each(switchCrashPoints)("at %s leaves a switch that the next one brings to an end", async (point) => {
    await serveAlike("a.test");
    panel.crashAt = point;
    const id = await panel.save("web_server", "new");
    await expect.poll(() => panel.crashAt).toBeUndefined();
    await panel.boot();
    expect(await panel.ended(id)).toMatchObject({ state: "done", error: null });
    expect([panel.running(), await panel.chosen("web_server")]).toEqual([["new front"], "new"]);
    // Saved once, by one change: the other row is the switch itself.
    expect(await panel.storage.read.all("SELECT state FROM operations WHERE action <> 'give'")).toEqual([
      { state: "done" },
      { state: "done" },
    ]);
  });

  it("leaves a hand-over that was taken back meanwhile as undone", async () => {
    await serveAlike("a.test");
    panel.refused.add("new front");
    // Stopped before it could learn how the change it had just saved ended.
    vi.spyOn(panel.engine, "settled").mockReturnValue(new Promise(() => {}));
    const id = await panel.save("web_server", "new");
    const undone = "SELECT id FROM operations WHERE state = 'undone'";
    await expect.poll(() => panel.storage.read.all(undone)).toHaveLength(1);
    await panel.tasks.stop();
    await panel.engine.stop();
    expect((await panel.view(id)).state).toBe("running");
    await panel.boot();
    expect(await panel.ended(id)).toMatchObject({ state: "undone" });
    expect(await panel.storage.read.all(undone)).toHaveLength(2);
    expect([panel.running(), await panel.chosen("web_server")]).toEqual([["old front"], "old"]);
  });
});
