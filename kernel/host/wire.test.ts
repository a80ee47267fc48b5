import { createSocket, type Socket as Datagrams, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type HostInfo, ProviderError } from "@patchbay/sdk";
import { afterEach, describe, expect, it } from "vitest";
import { createWire } from "./wire.ts";

const open: { close(): void }[] = [];
const never = new AbortController().signal;
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");

afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

function wireTo(port: number, address = "127.0.0.1") {
  return createWire({ address, ports: { dns: port, "dns-control": port } as HostInfo["ports"] });
}

async function datagrams(
  answer: (message: Buffer, from: RemoteInfo, socket: Datagrams) => void,
  address = "127.0.0.1",
) {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.on("message", (message, from) => answer(message, from, socket));
  socket.bind(0, address);
  await once(socket, "listening");
  open.push(socket);
  return socket.address().port;
}

async function streams(serve: (socket: Socket) => void) {
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    open.push({ close: () => socket.destroy() });
    serve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push(server);
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const port = await streams(() => {});
  open.pop()?.close();
  return port;
}

const unavailable = async (work: Promise<unknown>) => {
  const error = await work.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ProviderError);
  expect(error).toMatchObject({ kind: "unavailable" });
};

describe("a datagram", () => {
  it.each(["127.0.0.1", "::1"])("is answered by the daemon on %s", async (address) => {
    const port = await datagrams((message, from, socket) => {
      socket.send(`got ${message}`, from.port, from.address);
    }, address);
    const wire = wireTo(port, address);
    const answers = await Promise.all(["a", "b", "c"].map((word) => wire.datagram("dns", Buffer.from(word), never)));
    expect(answers.map(text)).toEqual(["got a", "got b", "got c"]);
  });

  it("takes no answer from anybody else", async () => {
    const stranger = createSocket("udp4");
    stranger.bind(0, "127.0.0.1");
    open.push(stranger);
    const port = await datagrams(async (_, from, socket) => {
      stranger.send("forged", from.port, from.address);
      await sleep(100);
      socket.send("real", from.port, from.address);
    });
    expect(text(await wireTo(port).datagram("dns", Buffer.from("?"), never))).toBe("real");
  });

  it("is given up after 2 s, and a late answer reaches nobody", async () => {
    const port = await datagrams((message, from, socket) => {
      setTimeout(() => socket.send(`late ${message}`, from.port, from.address), text(message) === "1" ? 2300 : 700);
    });
    const wire = wireTo(port);
    const started = performance.now();
    await unavailable(wire.datagram("dns", Buffer.from("1"), never));
    expect(performance.now() - started).toBeGreaterThan(1900);
    expect(text(await wire.datagram("dns", Buffer.from("2"), never))).toBe("late 2");
  });

  it("fails at once where nobody listens, and when the work is ended", async () => {
    const started = performance.now();
    await unavailable(wireTo(await freePort()).datagram("dns", Buffer.from("?"), never));
    const silent = wireTo(await datagrams(() => {}));
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    await unavailable(silent.datagram("dns", Buffer.from("?"), abort.signal));
    await unavailable(silent.datagram("dns", Buffer.from("?"), AbortSignal.abort()));
    expect(performance.now() - started).toBeLessThan(1500);
  });
});

describe("a stream", () => {
  it("reads exactly as many bytes as were asked for, however they come", async () => {
    const sent = Buffer.from(Array.from({ length: 400_000 }, (_, at) => at % 251));
    const port = await streams(async (socket) => {
      for (const end of [1, 2, 5, 100, sent.length]) {
        socket.write(sent.subarray({ 1: 0, 2: 1, 5: 2, 100: 5 }[end] ?? 100, end));
        await sleep(10);
      }
    });
    const stream = await wireTo(port).connect("dns-control", never);
    const parts = await Promise.all([3, 1, 300_000, 99_996].map((length) => stream.read(length)));
    expect(parts.map((part) => part.length)).toEqual([3, 1, 300_000, 99_996]);
    expect(Buffer.concat(parts).equals(sent)).toBe(true);
    stream.close();
  });

  it("carries questions and answers over one connection", async () => {
    const port = await streams((socket) => socket.on("data", (bytes: Buffer) => socket.write(`<${bytes}>`)));
    const stream = await wireTo(port).connect("dns-control", never);
    for (const word of ["one", "two"]) {
      await stream.write(Buffer.from(word));
      expect(text(await stream.read(word.length + 2))).toBe(`<${word}>`);
    }
    stream.close();
    await unavailable(stream.read(1));
    await unavailable(stream.write(Buffer.from("x")));
  });

  it("gives what came before the daemon closed it, and fails for what is missing", async () => {
    const port = await streams((socket) => socket.end("12345"));
    const stream = await wireTo(port).connect("dns-control", never);
    await sleep(50);
    expect(text(await stream.read(2))).toBe("12");
    await unavailable(stream.read(4));
    await unavailable(stream.read(1));
  });

  it("fails when it is torn down, and when the work is ended, also for the reads that wait", async () => {
    const torn = await wireTo(await streams((socket) => setTimeout(() => socket.resetAndDestroy(), 50))).connect(
      "dns",
      never,
    );
    await Promise.all([unavailable(torn.read(1)), unavailable(torn.read(1))]);
    const abort = new AbortController();
    const ended = await wireTo(await streams(() => {})).connect("dns", abort.signal);
    const reads = [unavailable(ended.read(1)), unavailable(ended.read(1))];
    abort.abort();
    await Promise.all(reads);
    await unavailable(wireTo(await streams(() => {})).connect("dns", AbortSignal.abort()));
  });

  it("fails at once where nobody listens, and takes no senseless length", async () => {
    const started = performance.now();
    await unavailable(wireTo(await freePort()).connect("dns-control", never));
    expect(performance.now() - started).toBeLessThan(1500);
    const stream = await wireTo(await streams(() => {})).connect("dns-control", never);
    for (const length of [0, -1, 1.5, 2 ** 30]) await expect(stream.read(length)).rejects.toThrow(RangeError);
    stream.close();
  });

  it("stops taking from a daemon that sends more than is read", async () => {
    let waits = false;
    const port = await streams((socket) => {
      const chunk = Buffer.alloc(1024 * 1024);
      for (let sent = 0; sent < 64; sent += 1) waits = !socket.write(chunk);
      socket.on("drain", () => {
        waits = false;
      });
    });
    const stream = await wireTo(port).connect("dns-control", never);
    await stream.read(10);
    await sleep(300);
    expect(waits).toBe(true);
    stream.close();
  });
});
