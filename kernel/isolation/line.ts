import type { Duplex } from "node:stream";
import * as v from "valibot";
import { encodeFrame, FrameReader, fits } from "../helper/frames.ts";
import { fromWire, toWire, wireError } from "./wire-error.ts";

const number = v.pipe(v.number(), v.safeInteger());
const name = v.pipe(v.string(), v.maxLength(64));
const frame = v.union([
  v.strictObject({ ask: number, name, input: v.optional(v.unknown()) }),
  v.strictObject({ answer: number, error: wireError }),
  v.strictObject({ answer: number, ok: v.optional(v.unknown()) }),
  v.strictObject({ cancel: number }),
  v.strictObject({ tell: name, input: v.optional(v.unknown()) }),
]);
type Frame = v.InferOutput<typeof frame>;

/** What the other side asks for. */
export interface LineHandlers {
  /** More questions than this at a time are refused. */
  readonly most?: number;
  /** A rejection goes back over the line. */
  answer(name: string, input: unknown, call: { readonly id: number; readonly signal: AbortSignal }): Promise<unknown>;
  /** Said without waiting for an answer. Throwing ends the line. */
  hear(name: string, input: unknown): void;
  /** Once, when the line is gone. Calls in flight have been rejected with LineGone. */
  closed(): void;
}

/** The other side went away, or said what it must not say. */
export class LineGone extends Error {
  constructor() {
    super("the line is gone");
    this.name = "LineGone";
  }
}

/** No answer came in time. */
export class LateError extends Error {
  constructor(milliseconds: number) {
    super(`no answer within ${milliseconds} ms`);
    this.name = "LateError";
  }
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; without it there is no end. */
  readonly deadlineMs?: number;
  /** Told the id of the call before it is sent. */
  readonly onId?: (id: number) => void;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/** Bytes that wait for a side that does not read. */
const mostWaiting = 64 * 1024 * 1024;

/** Calls in both directions over one stream, any number of them at once. */
export class Line {
  readonly #stream: Duplex;
  readonly #handlers: LineHandlers;
  readonly #reader = new FrameReader();
  readonly #pending = new Map<number, Pending>();
  readonly #answering = new Map<number, AbortController>();
  #lastId = 0;
  #corked = false;

  constructor(stream: Duplex, handlers: LineHandlers) {
    this.#stream = stream;
    this.#handlers = handlers;
    stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    stream.on("error", () => stream.destroy());
    stream.on("end", () => stream.destroy());
    stream.once("close", () => {
      for (const id of this.#pending.keys()) this.#take(id)?.reject(new LineGone());
      for (const controller of this.#answering.values()) controller.abort(new LineGone());
      handlers.closed();
    });
  }

  /** Calls of ours that have no answer yet. */
  get inFlight(): number {
    return this.#pending.size;
  }

  /** Rejects with what the other side threw, LineGone, LateError, or the signal's reason. The other side is told to stop. */
  call(name: string, input: unknown, { signal, deadlineMs, onId }: CallOptions = {}): Promise<unknown> {
    if (this.#stream.destroyed || this.#stream.writableLength > mostWaiting) return Promise.reject(new LineGone());
    if (signal?.aborted) return Promise.reject(signal.reason);
    this.#lastId += 1;
    const id = this.#lastId;
    const bytes = encodeFrame({ ask: id, name, input });
    if (!fits(bytes)) return Promise.reject(new Error(`what ${name} is asked is too long`));
    onId?.(id);
    return new Promise((resolve, reject) => {
      const giveUp = (reason: unknown) => {
        if (this.#take(id) === undefined) return;
        this.#send({ cancel: id });
        release();
        reject(reason);
      };
      const stop = () => giveUp(signal?.reason);
      const late = () => giveUp(new LateError(deadlineMs ?? 0));
      const timer = deadlineMs === undefined ? undefined : setTimeout(late, deadlineMs);
      const release = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", stop);
      };
      signal?.addEventListener("abort", stop, { once: true });
      const after = (settle: (value: unknown) => void) => (value: unknown) => {
        release();
        settle(value);
      };
      this.#pending.set(id, { resolve: after(resolve), reject: after(reject) });
      this.#write(bytes);
    });
  }

  tell(name: string, input?: unknown): void {
    this.#send({ tell: name, input });
  }

  end(): void {
    this.#stream.destroy();
  }

  #receive(chunk: Buffer): void {
    try {
      for (const value of this.#reader.push(chunk)) this.#sort(v.parse(frame, value));
    } catch {
      this.#stream.destroy();
    }
  }

  #sort(value: Frame): void {
    if ("ask" in value) void this.#serve(value.ask, value.name, value.input);
    else if ("cancel" in value) this.#answering.get(value.cancel)?.abort(new Error("the call was cancelled"));
    else if ("tell" in value) this.#handlers.hear(value.tell, value.input);
    else if ("error" in value) this.#take(value.answer)?.reject(fromWire(value.error));
    else this.#take(value.answer)?.resolve(value.ok);
  }

  async #serve(id: number, asked: string, input: unknown): Promise<void> {
    if (this.#answering.has(id)) return void this.#stream.destroy();
    const controller = new AbortController();
    this.#answering.set(id, controller);
    try {
      if (this.#answering.size > (this.#handlers.most ?? Number.POSITIVE_INFINITY))
        throw new Error("too many calls at once");
      const ok = await this.#handlers.answer(asked, input, { id, signal: controller.signal });
      const bytes = encodeFrame({ answer: id, ok });
      if (!fits(bytes)) throw new Error(`the answer of ${asked} is too long`);
      this.#write(bytes);
    } catch (error) {
      this.#send({ answer: id, error: toWire(error) });
    } finally {
      this.#answering.delete(id);
    }
  }

  #send(value: Frame): void {
    const bytes = encodeFrame(value);
    if (fits(bytes)) this.#write(bytes);
  }

  // What is said in one go leaves in one go.
  #write(bytes: Buffer): void {
    if (this.#stream.destroyed) return;
    if (!this.#corked) {
      this.#corked = true;
      this.#stream.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#stream.uncork();
      });
    }
    this.#stream.write(bytes);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }
}
