import { request } from "node:http";

/** What a hosted site answered. Status 0: nobody answered. */
export interface SiteAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
}

/** Asks the web server on a loopback port for a page of a host, on a connection of its own. */
export function fetchSite(port: number, host: string, path = "/"): Promise<SiteAnswer> {
  return new Promise((resolve) => {
    const sent = request({ host: "127.0.0.1", port, path, headers: { host }, agent: false, timeout: 10_000 }, (res) => {
      const chunks: Buffer[] = [];
      res.on("data", (chunk: Buffer) => chunks.push(chunk));
      res.on("error", () => resolve({ status: 0, location: undefined, text: "" }));
      res.on("end", () =>
        resolve({
          status: res.statusCode ?? 0,
          location: res.headers.location,
          text: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    });
    sent.on("timeout", () => sent.destroy());
    sent.on("error", () => resolve({ status: 0, location: undefined, text: "" }));
    sent.end();
  });
}

/** Keeps asking a site a bounded number of times a second and counts what is not as it should be. */
export class Prober {
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  asked = 0;
  readonly failures: SiteAnswer[] = [];

  constructor(ask: () => Promise<SiteAnswer>, isGood: (answer: SiteAnswer) => boolean, perSecond = 50) {
    this.#done = this.#run(ask, isGood, 1000 / perSecond);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(ask: () => Promise<SiteAnswer>, isGood: (answer: SiteAnswer) => boolean, interval: number): Promise<void> {
    const open: Promise<void>[] = [];
    while (!this.#stop.signal.aborted && this.asked < 20_000) {
      this.asked += 1;
      open.push(ask().then((answer) => void (isGood(answer) ? undefined : this.failures.push(answer))));
      await new Promise((resolve) => setTimeout(resolve, interval));
    }
    await Promise.all(open);
  }
}
