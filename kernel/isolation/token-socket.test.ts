import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { encodeFrame } from "../helper/frames.ts";
import { TokenSocket } from "./token-socket.ts";

let dir: string;
let socket: TokenSocket;
const strangers: Socket[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-socket-"));
  writeFileSync(join(dir, "left.sock"), "");
  socket = new TokenSocket(dir);
  await socket.listen();
});

afterEach(() => {
  for (const stranger of strangers.splice(0)) stranger.destroy();
  socket.close();
  rmSync(dir, { recursive: true });
});

async function arrive(bytes: Buffer): Promise<Socket> {
  const line = connect(join(dir, socket.name));
  strangers.push(line);
  line.on("error", () => {});
  await once(line, "connect");
  line.write(bytes);
  return line;
}

const isRefused = async (bytes: Buffer) => {
  const line = await arrive(bytes);
  line.resume();
  if (!line.destroyed) await once(line, "close");
  return true;
};

it("lets in whoever says the token that is awaited, once", async () => {
  const expected = socket.expect();
  const other = socket.expect();
  expect(other.token).not.toBe(expected.token);
  const line = await arrive(encodeFrame({ tell: "token", input: expected.token }));
  const arrived = await expected.arrived;
  arrived.write("hello");
  expect(String((await once(line, "data"))[0])).toBe("hello");
  expect(await isRefused(encodeFrame({ tell: "token", input: expected.token }))).toBe(true);
  other.forget();
  expect(await isRefused(encodeFrame({ tell: "token", input: other.token }))).toBe(true);
});

it("shuts the door on everybody else", async () => {
  const { token } = socket.expect();
  const greeting = encodeFrame({ tell: "token", input: token });
  const wrong = [
    encodeFrame({ tell: "token", input: "x".repeat(43) }),
    encodeFrame({ tell: "token", input: [token] }),
    encodeFrame(null),
    Buffer.from([0, 0, 255, 255]),
    Buffer.from([0, 0, 0, 2, 120, 120]),
    // Whoever says more before it was let in is not the guest program.
    Buffer.concat([encodeFrame({}), greeting]),
  ];
  for (const bytes of wrong) expect(await isRefused(bytes)).toBe(true);
});

it("has a name nobody guesses, may be reached by every user, and leaves nothing behind", () => {
  expect(socket.name).toMatch(/^[0-9a-f]{32}\.sock$/);
  expect(statSync(join(dir, socket.name)).mode & 0o777).toBe(0o666);
  expect(existsSync(join(dir, "left.sock"))).toBe(false);
  socket.close();
  expect(existsSync(join(dir, socket.name))).toBe(false);
});
