import { randomBytes } from "node:crypto";
import { Worker } from "node:worker_threads";
import { PanelError, type Passwords } from "@patchbay/sdk";

/** The worker's file beside this one. A bundle passes its own. */
export const hashWorkerUrl = new URL("./hash-worker.mjs", import.meta.url);

export interface PasswordPoolOptions {
  readonly workers?: number;
  /** Jobs that may wait while all workers are busy. */
  readonly queue?: number;
  /** Milliseconds a worker is kept without work. */
  readonly idleMs?: number;
}

type Job = { readonly password: string; readonly hash?: string };
type Reply = { readonly ok: true; readonly value: string | boolean } | { readonly ok: false };

interface Waiting {
  readonly job: Job;
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

interface Slot {
  readonly worker: Worker;
  busy: Waiting | undefined;
  idle: NodeJS.Timeout | undefined;
}

/** argon2id in worker threads that start when they are needed and end when they are not. */
export class PasswordPool implements Passwords {
  readonly #workerUrl: URL;
  readonly #workers: number;
  readonly #queue: number;
  readonly #idleMs: number;
  readonly #slots = new Set<Slot>();
  readonly #waiting: Waiting[] = [];
  readonly #absent = hashOfNobody();
  #closed = false;

  constructor(workerUrl: URL = hashWorkerUrl, options: PasswordPoolOptions = {}) {
    this.#workerUrl = workerUrl;
    this.#workers = options.workers ?? 2;
    this.#queue = options.queue ?? 50;
    this.#idleMs = options.idleMs ?? 30_000;
  }

  async hash(password: string): Promise<string> {
    const reply = await this.#run({ password });
    if (!reply.ok) throw new Error("a password could not be hashed");
    return String(reply.value);
  }

  /**
   * False for a wrong password and for a stored hash that is not one. Without a hash (no such user) it does the same work and
   * says false, so that the time tells nothing.
   */
  async verify(hash: string | undefined, password: string): Promise<boolean> {
    const reply = await this.#run({ password, hash: hash ?? this.#absent });
    return hash !== undefined && reply.ok && reply.value === true;
  }

  /** Worker threads alive at the moment. */
  get threads(): number {
    return this.#slots.size;
  }

  /** Ends the workers. Work that has not been done is refused. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(busy());
    await Promise.all([...this.#slots].map((slot) => slot.worker.terminate()));
  }

  #run(job: Job): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { job, resolve, reject };
      const slot = this.#freeSlot();
      if (slot) this.#give(slot, waiting);
      else if (this.#closed || this.#waiting.length >= this.#queue) reject(busy());
      else this.#waiting.push(waiting);
    });
  }

  #freeSlot(): Slot | undefined {
    if (this.#closed) return undefined;
    for (const slot of this.#slots) if (!slot.busy) return slot;
    return this.#slots.size < this.#workers ? this.#start() : undefined;
  }

  #start(): Slot {
    // Nothing of the panel's environment or flags is the worker's business.
    const worker = new Worker(this.#workerUrl, { env: {}, execArgv: [] });
    const slot: Slot = { worker, busy: undefined, idle: undefined };
    this.#slots.add(slot);
    worker.on("message", (reply: Reply) => this.#finished(slot, reply));
    worker.on("error", () => undefined);
    worker.on("exit", () => this.#ended(slot));
    return slot;
  }

  #give(slot: Slot, waiting: Waiting): void {
    clearTimeout(slot.idle);
    slot.busy = waiting;
    slot.worker.ref();
    slot.worker.postMessage(waiting.job);
  }

  #finished(slot: Slot, reply: Reply): void {
    slot.busy?.resolve(reply);
    slot.busy = undefined;
    const next = this.#waiting.shift();
    if (next) {
      this.#give(slot, next);
      return;
    }
    // An idle worker must not keep the process alive.
    slot.worker.unref();
    slot.idle = setTimeout(() => this.#retire(slot), this.#idleMs);
    slot.idle.unref();
  }

  #retire(slot: Slot): void {
    this.#slots.delete(slot);
    void slot.worker.terminate();
  }

  #ended(slot: Slot): void {
    clearTimeout(slot.idle);
    this.#slots.delete(slot);
    slot.busy?.reject(new Error("a hashing worker ended before its answer"));
    slot.busy = undefined;
    // Those who wait get a worker of their own, or they would wait for ever.
    const next = this.#waiting.shift();
    const fresh = next && this.#freeSlot();
    if (next && fresh) this.#give(fresh, next);
    else if (next) next.reject(busy());
  }
}

function busy(): PanelError {
  return new PanelError("HASHING_BUSY", {
    status: 503,
    message: "Too many passwords are being checked at the moment. Try again shortly.",
    retry: "later",
    retryAfterSeconds: 2,
  });
}

/** A hash of the panel's cost that no password has: salt and digest are random. Made anew at every start. */
function hashOfNobody(): string {
  const base64 = (bytes: number) => randomBytes(bytes).toString("base64").replace(/=+$/, "");
  return `$argon2id$v=19$m=19456,t=2,p=1$${base64(16)}$${base64(32)}`;
}
