import { type HttpGet, httpGet } from "./http-get.ts";
import type { ParityPorts } from "./parity.ts";

const intervalMs = 5;
const timeoutMs = 1000;
/** More than this between two ticks, and it was this process that stood still, not the server. Milliseconds. */
const stallMs = 50;
const mostOpen = 100;

/**
 * Asks a port every 5 ms, each time on a new connection, until it is stopped. Then it answers the longest time, in
 * milliseconds, in which nobody who asked got an answer: from the last answer before a failure to the first after it, or
 * the longest time one had to wait.
 */
export function watchGap(request: HttpGet, where: ParityPorts): { stop(): Promise<number> } {
  const open = new Set<Promise<void>>();
  const watch = new GapWatch(performance.now());
  const ask = async (askedAt: number) => {
    const isAnswered = await httpGet(request, { ...where, timeoutMs, longestBody: 1024 }).then(
      ({ status }) => status < 500,
      () => false,
    );
    watch.ended({ askedAt, endedAt: performance.now(), isAnswered });
  };
  const timer = setInterval(() => {
    const now = performance.now();
    watch.tick(now);
    if (open.size >= mostOpen) return;
    const asked = ask(now).finally(() => open.delete(asked));
    open.add(asked);
  }, intervalMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all(open);
      return watch.longest(performance.now());
    },
  };
}

/** Finds the longest time without an answer in questions that end in any order. Times are milliseconds of one clock. */
export class GapWatch {
  /** When each question was asked, and whether it got an answer. */
  readonly #questions: { readonly at: number; readonly isAnswered: boolean }[];
  #lastTick: number;
  /** When this process last stood still, so that what took long until then says nothing of the server. */
  #stalledAt = -1;
  #longestWait = 0;

  constructor(startedAt: number) {
    this.#questions = [{ at: startedAt, isAnswered: true }];
    this.#lastTick = startedAt;
  }

  /** To be called at regular, short intervals. */
  tick(now: number): void {
    if (now - this.#lastTick > stallMs) this.#stalledAt = now;
    this.#lastTick = now;
  }

  ended(question: { readonly askedAt: number; readonly endedAt: number; readonly isAnswered: boolean }): void {
    const { askedAt, endedAt, isAnswered } = question;
    this.#questions.push({ at: askedAt, isAnswered });
    const isSpoilt = askedAt < this.#stalledAt || endedAt - this.#lastTick > stallMs;
    if (isAnswered && !isSpoilt) this.#longestWait = Math.max(this.#longestWait, endedAt - askedAt);
  }

  longest(now: number): number {
    let longest = this.#longestWait;
    let last = 0;
    let isFailing = false;
    for (const { at, isAnswered } of [...this.#questions, { at: now, isAnswered: true }].sort((a, b) => a.at - b.at)) {
      if (isAnswered) {
        if (isFailing) longest = Math.max(longest, at - last);
        last = at;
      }
      isFailing = !isAnswered;
    }
    return Math.round(longest);
  }
}
