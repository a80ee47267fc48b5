/** Longest frame, in bytes of JSON. */
export const longestFrame = 4 * 1024 * 1024;

/** A frame: four bytes of length, then JSON. */
export function encodeFrame(value: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(value));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

/** True when the other side would take the frame. */
export function fits(frame: Buffer): boolean {
  return frame.length - 4 <= longestFrame;
}

/** Cuts a byte stream into frames. Throws for a length that is not allowed and for what is not JSON. */
export class FrameReader {
  readonly #longest: number;
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(longest = longestFrame) {
    this.#longest = longest;
  }

  push(chunk: Buffer): unknown[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const values: unknown[] = [];
    for (let body = this.#next(); body !== undefined; body = this.#next()) {
      values.push(JSON.parse(body.toString("utf8")) as unknown);
    }
    return values;
  }

  #next(): Buffer | undefined {
    if (this.#size < 4) return undefined;
    if ((this.#chunks[0]?.length ?? 0) < 4) this.#join();
    const length = this.#chunks[0]?.readUInt32BE(0) ?? 0;
    if (length === 0 || length > this.#longest) throw new Error("a frame has a length that is not allowed");
    if (this.#size < length + 4) return undefined;
    const all = this.#join();
    this.#chunks = [all.subarray(length + 4)];
    this.#size = all.length - length - 4;
    return all.subarray(4, length + 4);
  }

  #join(): Buffer {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }
}
