import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createStateFiles } from "../host/state-files.ts";
import { webManifest } from "../host/testing/nginx.ts";
import { HelperRig, type RunningHelper } from "../host/testing/rig.ts";
import type { ManifestLike } from "./options.ts";

const isRoot = process.getuid?.() === 0;
const rootManifest: ManifestLike = {
  id: "root-test",
  grants: {
    services: {
      keeper: {
        title: "keeper",
        user: "root",
        argv: ["/bin/true"],
        test: ["/bin/true"],
        reload: "restart",
        stop: "SIGTERM",
      },
    },
  },
};

let rig: HelperRig;
let helper: RunningHelper;

beforeAll(async () => {
  rig = await HelperRig.create([webManifest, rootManifest, { id: "bare-test" }]);
  helper = await rig.start();
});

afterAll(async () => {
  await rig.end();
});

const files = (plugin = "web-test") => createStateFiles(helper.client, plugin);
const state = (path = "", plugin = "web-test") => join(helper.hello.paths.state, plugin, path);
const webUid = () => (isRoot ? helper.hello.web.uid : process.getuid?.());
const look = (path: string) => {
  const { mode, uid } = lstatSync(path);
  return [(mode & 0o7777).toString(8), uid];
};
/** As the daemon would do it. */
const own = (path: string) => {
  if (isRoot) chownSync(path, helper.hello.web.uid, helper.hello.web.gid);
};
const conflict = { kind: "conflict" };

/** A directory of root's that the daemon may look into and nothing more. */
function makeTrap(name: string): string {
  const trap = join(rig.base, name);
  mkdirSync(trap, { mode: 0o755 });
  chmodSync(trap, 0o755);
  writeFileSync(join(trap, "victim"), "precious");
  return trap;
}

describe("a seed", () => {
  it("is the daemon's own file, with the directories above it", async () => {
    await files().seed("zones/a/example.org.nzf", "zone {}\n");
    expect(readFileSync(state("zones/a/example.org.nzf"), "utf8")).toBe("zone {}\n");
    expect(look(state("zones/a/example.org.nzf"))).toEqual(["640", webUid()]);
    for (const directory of ["zones", "zones/a"]) expect(look(state(directory))).toEqual(["750", webUid()]);
    expect(readdirSync(state("zones/a"))).toEqual(["example.org.nzf"]);
    await files("root-test").seed("x/file", "mine");
    expect(look(state("x/file", "root-test"))).toEqual(["640", process.getuid?.()]);
  });

  it("leaves alone what is there", async () => {
    await files().seed("kept", "first");
    writeFileSync(state("kept"), "the daemon's");
    await files().seed("kept", "second");
    expect(readFileSync(state("kept"), "utf8")).toBe("the daemon's");
    await Promise.all(["1", "2", "3"].map((text) => files().seed("raced", text)));
    expect(readFileSync(state("raced"), "utf8")).toBe("1");
    expect(readdirSync(state()).filter((name) => name.includes("seed"))).toEqual([]);
  });

  it("takes no notice of what a crash left behind", async () => {
    mkdirSync(state("half"), { mode: 0o700 });
    mkdirSync(state("crashed"));
    own(state("crashed"));
    writeFileSync(state("crashed/~seed"), "half a fi");
    await files().seed("crashed/file", "whole");
    await files().seed("half/file", "whole");
    expect(readdirSync(state("crashed"))).toEqual(["file"]);
    expect(readFileSync(state("crashed/file"), "utf8")).toBe("whole");
    expect(look(state("half"))).toEqual(["750", webUid()]);
  });

  it("is refused for plugins without a grant and for paths that lead elsewhere", async () => {
    for (const plugin of ["bare-test", "ghost"]) {
      await expect(files(plugin).seed("x", "")).rejects.toMatchObject({ kind: "terminal" });
      await expect(files(plugin).remove(["x"])).rejects.toMatchObject({ kind: "terminal" });
    }
    for (const path of ["../web-test/x", "/etc/x", "a/../../x", "a//x", "~seed", ""]) {
      await expect(files().seed(path, "")).rejects.toMatchObject({ kind: "terminal" });
      await expect(files().remove([path])).rejects.toMatchObject({ kind: "terminal" });
    }
  });
});

describe("a daemon in a stranger's hands", () => {
  it("leads no write elsewhere by a link in the way", async () => {
    const trap = makeTrap("trap");
    symlinkSync(trap, state("link"));
    mkdirSync(state("deep"));
    own(state("deep"));
    symlinkSync(trap, state("deep/link"));
    for (const path of ["link/file", "deep/link/file", "deep/link/more/file", "link/victim"]) {
      await expect(files().seed(path, "planted")).rejects.toMatchObject(conflict);
    }
    for (const path of ["link/victim", "deep/link/victim"]) {
      await expect(files().remove([path])).rejects.toMatchObject(conflict);
    }
    expect(readdirSync(trap)).toEqual(["victim"]);
    expect(readFileSync(join(trap, "victim"), "utf8")).toBe("precious");
  });

  it("leads no write elsewhere by a link in the place of the file", async () => {
    const trap = makeTrap("other-trap");
    symlinkSync(join(trap, "victim"), state("to-victim"));
    symlinkSync(join(trap, "new"), state("to-new"));
    symlinkSync(join(trap, "new"), state("~seed"));
    for (const path of ["to-victim", "to-new"]) {
      await expect(files().seed(path, "planted")).rejects.toMatchObject(conflict);
    }
    await files().seed("beside", "mine");
    expect([readFileSync(state("beside"), "utf8"), look(state("beside"))]).toEqual(["mine", ["640", webUid()]]);
    await files().remove(["to-victim", "to-new", "beside"]);
    expect(readdirSync(trap)).toEqual(["victim"]);
    expect(readFileSync(join(trap, "victim"), "utf8")).toBe("precious");
    expect(existsSync(state("to-victim"))).toBe(false);
  });

  it("leads no write to a directory of its own elsewhere", async () => {
    const elsewhere = join(rig.base, "elsewhere");
    mkdirSync(elsewhere);
    own(elsewhere);
    symlinkSync(elsewhere, state("own-link"));
    await expect(files().seed("own-link/file", "planted")).rejects.toMatchObject(conflict);
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it.skipIf(!isRoot)(
    "gets nothing done in somebody else's directory, and none handed over that holds something",
    async () => {
      mkdirSync(state("foreign"));
      writeFileSync(state("foreign/file"), "root's");
      await expect(files().seed("foreign/new", "x")).rejects.toMatchObject(conflict);
      await expect(files().remove(["foreign/file"])).rejects.toMatchObject(conflict);
      expect([look(state("foreign"))[1], readdirSync(state("foreign"))]).toEqual([0, ["file"]]);
      rmSync(state("foreign"), { recursive: true });
    },
  );

  it.skipIf(!isRoot)("wins no race: directories that become links meanwhile lead nowhere", async () => {
    const trap = makeTrap("race-trap");
    const { uid, gid } = helper.hello.web;
    const swap = `
      const fs = require("node:fs");
      const [at, trap] = process.argv.slice(1);
      const attempt = (work) => { try { work(); } catch {} };
      process.stdout.write("swapping");
      for (;;) {
        attempt(() => fs.mkdirSync(at));
        attempt(() => fs.renameSync(at, at + ".away"));
        attempt(() => fs.symlinkSync(trap, at));
        attempt(() => fs.rmSync(at));
        attempt(() => fs.rmSync(at + ".away", { recursive: true, force: true }));
      }`;
    const rival = spawn(process.execPath, ["-e", swap, state("raced-dir"), trap], { uid, gid, cwd: "/" });
    const ended = once(rival, "exit");
    await once(rival.stdout, "data");
    const outcomes = new Set<string>();
    for (let n = 0; n < 300; n += 1) {
      const work = n % 3 === 0 ? files().remove(["raced-dir/victim"]) : files().seed(`raced-dir/f${n}`, "planted");
      outcomes.add(
        await work.then(
          () => "done",
          (error: { kind: string }) => error.kind,
        ),
      );
    }
    rival.kill("SIGKILL");
    await ended;
    expect(readdirSync(trap)).toEqual(["victim"]);
    expect(look(trap)).toEqual(["755", 0]);
    // The race was run at all.
    expect([...outcomes]).toEqual(expect.arrayContaining(["done", "conflict"]));
  });
});

describe("removing", () => {
  it("takes files of several directories, and does not mind those that are gone", async () => {
    const paths = ["many/a/1", "many/a/2", "many/b/3"];
    for (const path of paths) await files().seed(path, "x");
    await files().remove(["many/a/1", "many/a/9", "many/nowhere/1", "many/b/3"]);
    expect(paths.map((path) => existsSync(state(path)))).toEqual([false, true, false]);
    expect(existsSync(dirname(state("many/b/3")))).toBe(true);
    await expect(files().remove(["many/a"])).rejects.toMatchObject(conflict);
    const all = Array.from({ length: 2100 }, (_, n) => `many/a/${n}`);
    await files().remove(all);
    expect(readdirSync(state("many/a"))).toEqual([]);
  });
});
