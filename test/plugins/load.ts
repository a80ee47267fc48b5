import type { Client } from "../harness/client.ts";

/** Requests at a steady rate, until it is ended. */
export class Load {
  /** How often each answer came: `auth/me 200`, `toys/say 404 NOT_FOUND`. */
  readonly answers = new Map<string, number>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #running = new Set<Promise<void>>();

  /** Asks for a route so many times a second. */
  ask(client: Client, path: string, perSecond: number): void {
    this.#timers.push(setInterval(() => this.#track(this.#one(client, path)), 1000 / perSecond));
  }

  /** Resolves when every request has been answered. */
  async end(): Promise<ReadonlyMap<string, number>> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#running);
    return this.answers;
  }

  async #one(client: Client, path: string): Promise<void> {
    const answer = await client.get(path).then(
      ({ status, body }) => `${path} ${status}${status === 200 ? "" : ` ${body?.code}`}`,
      (error: Error) => `${path} ${error.message}`,
    );
    this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1);
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }
}
