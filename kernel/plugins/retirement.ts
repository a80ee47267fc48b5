import type { Logger } from "@patchbay/sdk";
import type { Generation } from "./generation.ts";
import type { GuestPlugin } from "./guests.ts";
import type { LoadedPlugin } from "./load.ts";

/** How long calls on a generation that is over hold what only it needs. Milliseconds. */
const patience = 5_000;

/** Ends the processes of plugins that no generation holds any more. */
export class Retirement {
  readonly #logger: Logger;
  /** Generations that are over and on which calls run. */
  readonly #past = new Set<Generation>();
  readonly #ending = new Set<Promise<void>>();
  readonly #ended = new WeakSet<GuestPlugin>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Lets the calls on `before` end, and then what `next` does not hold. */
  retire(before: Generation, next: Generation): void {
    this.#past.add(before);
    const idle = Promise.all([...this.#past].map((generation) => generation.calls.idle(patience)));
    const gone = before.plugins.filter((plugin) => !next.plugins.includes(plugin));
    this.#track(
      idle.then(() => {
        this.#past.delete(before);
        return this.end(gone);
      }),
    );
  }

  /** Ends the processes of these plugins now. Those that run within the panel's are left alone. */
  async end(plugins: readonly LoadedPlugin[]): Promise<void> {
    const guests = plugins.filter(isGuest).filter((guest) => !this.#ended.has(guest));
    for (const guest of guests) this.#ended.add(guest);
    const ending = Promise.all(guests.map((guest) => this.#endOne(guest))).then(() => undefined);
    this.#track(ending);
    await ending;
  }

  async #endOne(guest: GuestPlugin): Promise<void> {
    try {
      await guest.end();
    } catch (error) {
      this.#logger.error("the process of a plugin could not be ended", { plugin: guest.manifest.id, error });
    }
  }

  async close(): Promise<void> {
    while (this.#ending.size > 0) await Promise.all(this.#ending);
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#ending.delete(tracked));
    this.#ending.add(tracked);
  }
}

function isGuest(plugin: LoadedPlugin): plugin is GuestPlugin {
  return "end" in plugin;
}
