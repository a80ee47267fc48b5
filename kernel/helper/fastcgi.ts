import { lstatSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { errorCode, HelperError } from "./errors.ts";

const type = { begin: 1, end: 3, params: 4, stdin: 5, stdout: 6 } as const;
const requestId = 1;
const responder = 1;
const longestAnswer = 64 * 1024;
const timeoutMs = 5000;

/**
 * One GET over FastCGI (specification 1.0, responder role). Returns the body. Throws `unavailable` when nothing answers
 * on the socket, or not in time, or not FastCGI.
 */
export async function fetchFastcgi(socket: string, path: string): Promise<string> {
  assertSocket(socket);
  const stdout = await exchange(socket, encodeRequest(path));
  const end = /\r?\n\r?\n/.exec(stdout);
  return end === null ? stdout : stdout.slice(end.index + end[0].length);
}

function assertSocket(path: string): void {
  try {
    if (lstatSync(path).isSocket() && lstatSync(dirname(path)).isDirectory()) return;
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
  throw new HelperError("unavailable", "there is no socket of this name");
}

function exchange(path: string, request: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    let received = Buffer.alloc(0);
    const fail = (message: string) => {
      socket.destroy();
      reject(new HelperError("unavailable", message));
    };
    const timer = setTimeout(() => fail("no answer in time"), timeoutMs);
    socket.on("connect", () => socket.write(request));
    socket.on("error", (error) => fail(`the socket does not answer (${errorCode(error)})`));
    socket.on("close", () => clearTimeout(timer));
    socket.on("end", () => fail("the answer was cut off"));
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length > longestAnswer) return fail("the answer is too long");
      const stdout = decodeAnswer(received);
      if (stdout === undefined) return;
      resolve(stdout);
      socket.destroy();
    });
  });
}

function encodeRequest(path: string): Buffer {
  const params = {
    GATEWAY_INTERFACE: "CGI/1.1",
    REQUEST_METHOD: "GET",
    REQUEST_URI: path,
    SCRIPT_NAME: path,
    SCRIPT_FILENAME: path,
    SERVER_PROTOCOL: "HTTP/1.1",
    QUERY_STRING: "",
  };
  return Buffer.concat([
    encodeRecord(type.begin, Buffer.from([0, responder, 0, 0, 0, 0, 0, 0])),
    encodeRecord(type.params, Buffer.concat(Object.entries(params).map(encodePair))),
    encodeRecord(type.params, Buffer.alloc(0)),
    encodeRecord(type.stdin, Buffer.alloc(0)),
  ]);
}

// Names and values here are shorter than 128 bytes, so that one byte holds each length.
function encodePair([name, value]: readonly [string, string]): Buffer {
  return Buffer.concat([Buffer.from([name.length, value.length]), Buffer.from(name + value)]);
}

function encodeRecord(kind: number, content: Buffer): Buffer {
  const header = Buffer.from([1, kind, 0, requestId, 0, 0, 0, 0]);
  header.writeUInt16BE(content.length, 4);
  return Buffer.concat([header, content]);
}

// Undefined until the end record is there.
function decodeAnswer(received: Buffer): string | undefined {
  const stdout: Buffer[] = [];
  for (let at = 0; at + 8 <= received.length; ) {
    const length = received.readUInt16BE(at + 4);
    const next = at + 8 + length + received.readUInt8(at + 6);
    if (next > received.length) return undefined;
    if (received.readUInt8(at + 1) === type.end) return Buffer.concat(stdout).toString("utf8");
    if (received.readUInt8(at + 1) === type.stdout) stdout.push(received.subarray(at + 8, at + 8 + length));
    at = next;
  }
  return undefined;
}
