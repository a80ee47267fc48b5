import { spawnSync } from "node:child_process";
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** What a user of the machine managed to do with a path. */
export interface Reach {
  readonly path: string;
  /** `list` a directory, `read`, `write`, `create` in a directory, `connect` to a socket. */
  readonly can: string;
}

/** Tries everything with every path that comes as JSON on standard input, and changes nothing that lasts. */
const script = `
const fs = require("node:fs"), net = require("node:net");
const done = [], waits = [];
const attempt = (path, can, work) => { try { work(); done.push({ path, can }); } catch {} };
for (const { path, kind } of JSON.parse(fs.readFileSync(0, "utf8"))) {
  if (kind === "directory") {
    attempt(path, "list", () => fs.readdirSync(path));
    attempt(path, "create", () => { fs.writeFileSync(path + "/.canary", ""); fs.unlinkSync(path + "/.canary"); });
  } else if (kind === "socket") {
    waits.push(new Promise((resolve) => {
      const socket = net.connect(path, () => { done.push({ path, can: "connect" }); socket.destroy(); resolve(); });
      socket.on("error", resolve);
    }));
  } else {
    attempt(path, "read", () => fs.closeSync(fs.openSync(path, "r")));
    attempt(path, "write", () => fs.closeSync(fs.openSync(path, "r+")));
  }
}
Promise.all(waits).then(() => process.stdout.write(JSON.stringify(done)));`;

/** Everything below a directory, and itself, with what it is. Read as root. */
function everythingBelow(dir: string): { path: string; kind: string }[] {
  const stat = lstatSync(dir, { throwIfNoEntry: false });
  if (stat?.isDirectory() !== true) return [{ path: dir, kind: stat?.isSocket() === true ? "socket" : "file" }];
  return [{ path: dir, kind: "directory" }, ...readdirSync(dir).flatMap((name) => everythingBelow(join(dir, name)))];
}

/** What an ordinary user reaches below a directory, although it knows every path. Needs root. */
export function reachOf(uid: number, dir: string): readonly Reach[] {
  const input = JSON.stringify(everythingBelow(dir));
  const { stderr, stdout } = spawnSync(process.execPath, ["-e", script], {
    uid,
    gid: uid,
    env: {},
    input,
    encoding: "utf8",
  });
  if (stdout === "") throw new Error(`nothing came back: ${stderr}`);
  return JSON.parse(stdout) as Reach[];
}
