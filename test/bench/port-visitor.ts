import { type Page, type Visit, visit } from "../switching/visitor.ts";

/** Between two questions; every other one is over HTTPS. Milliseconds. */
const intervalMs = 5;

/** What a visitor saw of the public ports. Milliseconds. */
export interface Sighting {
  /** Longest time without a good answer, over HTTP and over HTTPS. */
  readonly http: number;
  readonly https: number;
  readonly asked: number;
  readonly failed: number;
}

/**
 * Asks one page over HTTP and over HTTPS in turn, each time on a new connection and whether or not the one before was
 * answered. A good answer is one as it was in the beginning.
 */
export class PortVisitor {
  readonly #services: number;
  readonly #visits: readonly { readonly visit: Visit; readonly expected: Page }[];
  readonly #good = new Map<Visit["scheme"], number[]>();
  readonly #open = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #asked = 0;
  #failed = 0;

  private constructor(services: number, visits: readonly { readonly visit: Visit; readonly expected: Page }[]) {
    this.#services = services;
    this.#visits = visits;
    for (const { visit } of visits) this.#good.set(visit.scheme, [performance.now()]);
    this.#timer = setInterval(() => this.#ask(), intervalMs);
  }

  /** `services` is the base of the instance's service ports. Throws when the page is not there. */
  static async start(services: number, host: string): Promise<PortVisitor> {
    const visits = [];
    for (const scheme of ["http", "https"] as const) {
      const one: Visit = { scheme, host, path: "/" };
      const expected = await visit(services, one);
      if (expected.status !== 200) throw new Error(`${scheme} of ${host} answers ${expected.status}`);
      visits.push({ visit: one, expected });
    }
    return new PortVisitor(services, visits);
  }

  async stop(): Promise<Sighting> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    return { http: this.#longest("http"), https: this.#longest("https"), asked: this.#asked, failed: this.#failed };
  }

  #ask(): void {
    const one = this.#visits[this.#asked % this.#visits.length];
    if (!one) return;
    this.#asked += 1;
    const asked = visit(this.#services, one.visit).then(({ status, body }) => {
      this.#open.delete(asked);
      if (status === one.expected.status && body === one.expected.body)
        this.#good.get(one.visit.scheme)?.push(performance.now());
      else this.#failed += 1;
    });
    this.#open.add(asked);
  }

  /** Between one good answer and the next to come; they are noted in the order in which they come. */
  #longest(scheme: Visit["scheme"]): number {
    const times = [...(this.#good.get(scheme) ?? []), performance.now()];
    return times.reduce((longest, time, at) => Math.max(longest, time - (times[at - 1] ?? time)), 0);
  }
}
