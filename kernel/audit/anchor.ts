import type { Logger } from "@patchbay/sdk";
import type { Sealer } from "../storage/types.ts";
import { emptyLog, type Head } from "./record.ts";

/** A small file beside the database. Whoever cuts the tail of the log off in the database does not reach it. */
export interface AnchorStore {
  /** Undefined when nothing was ever written. */
  read(): Promise<string | undefined>;
  /** Replaces the text, durably and in one step. */
  write(text: string): Promise<void>;
}

/** Shortest time between two writes. Milliseconds. */
const quiet = 100;

/** Keeps the head of the log in the anchor store. A lost write costs at most the records of the last moment. */
export class Anchor {
  readonly #store: AnchorStore;
  readonly #sealer: Pick<Sealer, "mac">;
  readonly #logger: Logger;
  #pending: Head | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: AnchorStore, sealer: Pick<Sealer, "mac">, logger: Logger) {
    this.#store = store;
    this.#sealer = sealer;
    this.#logger = logger;
  }

  /** The head that was anchored last; `lost` when there is no anchor or it was not written by this panel. */
  async read(): Promise<Head | "lost"> {
    const text = await this.#store.read();
    if (text === undefined) return "lost";
    const { id, hash, mac } = parse(text);
    return mac === this.#mac({ id, hash }) ? { id, hash } : "lost";
  }

  /** Writes at once. For the anchor of a log that is still empty. */
  async begin(): Promise<void> {
    await this.#write(emptyLog);
  }

  /** Writes `head` soon. */
  move(head: Head): void {
    this.#pending = head;
    this.#timer ??= setTimeout(() => void this.flush(), quiet).unref();
  }

  /** Writes what is pending now. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(async () => {
      const head = this.#pending;
      if (!head) return;
      this.#pending = undefined;
      try {
        await this.#write(head);
      } catch (error) {
        this.#logger.error("the anchor of the audit log cannot be written", { error });
        this.#pending ??= head;
      }
    });
    return this.#writing;
  }

  #write(head: Head): Promise<void> {
    return this.#store.write(`${JSON.stringify({ id: head.id, hash: head.hash, mac: this.#mac(head) })}\n`);
  }

  #mac(head: Head): string {
    return this.#sealer.mac("audit.anchor", `${head.id}\n${head.hash}`);
  }
}

function parse(text: string): { id: number; hash: string; mac: string } {
  try {
    const { id, hash, mac } = JSON.parse(text) as Record<string, unknown>;
    return { id: Number(id), hash: String(hash), mac: String(mac) };
  } catch {
    return { id: Number.NaN, hash: "", mac: "" };
  }
}
