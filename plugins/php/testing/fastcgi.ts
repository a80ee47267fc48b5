import { connect } from "node:net";

/** One FastCGI GET on a unix socket: what the script or the ping printed, without its headers. */
export function fastcgiGet(socket: string, parameters: Readonly<Record<string, string>>): Promise<string> {
  const request = Buffer.concat([
    packet(1, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])),
    packet(4, Buffer.concat(Object.entries({ REQUEST_METHOD: "GET", ...parameters }).map(pair))),
    packet(4, Buffer.alloc(0)),
    packet(5, Buffer.alloc(0)),
  ]);
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const stream = connect(socket, () => stream.write(request));
    stream.on("data", (part) => parts.push(part));
    stream.on("error", reject);
    stream.on("close", () => resolve(bodyOf(Buffer.concat(parts))));
  });
}

function packet(type: number, content: Buffer): Buffer {
  const head = Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 255, 0, 0]);
  return Buffer.concat([head, content]);
}

function pair([name, value]: [string, string]): Buffer {
  const length = (text: string) => {
    const size = Buffer.alloc(4);
    size.writeUInt32BE((Buffer.byteLength(text) | 0x8000_0000) >>> 0);
    return size;
  };
  return Buffer.concat([length(name), length(value), Buffer.from(name), Buffer.from(value)]);
}

function bodyOf(answer: Buffer): string {
  let output = "";
  for (let at = 0; at + 8 <= answer.length; ) {
    const size = answer.readUInt16BE(at + 4);
    if (answer[at + 1] === 6) output += answer.subarray(at + 8, at + 8 + size).toString();
    at += 8 + size + (answer[at + 6] ?? 0);
  }
  return output.slice(output.indexOf("\r\n\r\n") + 4);
}
