import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";

/** What is asked of a web server. */
export interface SiteRequest {
  /** Sent as `Host`. */
  readonly host: string;
  /** As it goes over the line. Default `/`. */
  readonly path?: string;
  readonly method?: "GET" | "HEAD" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What it answered. */
export interface SiteAnswer {
  /** 0: nobody answered, or the answer broke off. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: number;
}

/** Where it listens. */
export interface Address {
  readonly address: string;
  readonly port: number;
}

const nobody: SiteAnswer = { status: 0, headers: {}, text: "", bytes: 0 };
const longestMs = 20_000;

/** How it is asked. */
export interface AskOptions {
  /** Connections to use; without it every request has one of its own and says `Connection: close`. */
  readonly agent?: Agent;
  /** Resolves when the rest of an answer may be read. Called once the first bytes are there. */
  readonly pause?: () => Promise<unknown>;
}

/** Asks the web server for one page. Never rejects. */
export function askSite(at: Address, wanted: SiteRequest, options: AskOptions = {}): Promise<SiteAnswer> {
  return new Promise((resolve) => {
    const { host, path = "/", method = "GET", body, headers } = wanted;
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const target = { host: at.address, port: at.port, path, method, timeout: longestMs, agent: options.agent ?? false };
    const sent = request({ ...target, headers: { host, ...length, ...headers } }, (answer) => {
      void read(answer, options.pause).then(resolve);
    });
    sent.on("timeout", () => sent.destroy());
    sent.on("error", () => resolve(nobody));
    sent.end(body);
  });
}

async function read(answer: IncomingMessage, pause: AskOptions["pause"]): Promise<SiteAnswer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of answer) {
      chunks.push(chunk as Buffer);
      if (chunks.length === 1) await pause?.();
    }
  } catch {
    return nobody;
  }
  const whole = Buffer.concat(chunks);
  const { headers, statusCode = 0, complete } = answer;
  return complete ? { status: statusCode, headers, text: whole.toString("utf8"), bytes: whole.length } : nobody;
}

/** A client with one connection that it keeps open. */
export class KeptConnection {
  readonly #at: Address;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(at: Address) {
    this.#at = at;
  }

  /** As every client does, it asks once more when the server closed an idle connection (RFC 9112, 9.3.1). */
  async ask(wanted: SiteRequest): Promise<SiteAnswer> {
    const answer = await askSite(this.#at, wanted, { agent: this.#agent });
    return answer.status === 0 ? askSite(this.#at, wanted, { agent: this.#agent }) : answer;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Keeps asking on new connections and keeps every answer that is not as it should be. */
export class Watch {
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  readonly failures: SiteAnswer[] = [];
  asked = 0;

  constructor(ask: () => Promise<SiteAnswer>, isGood: (answer: SiteAnswer) => boolean, perSecond = 50) {
    this.#done = this.#run(ask, isGood, 1000 / perSecond);
  }

  /** Resolves when the last request was answered. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(ask: () => Promise<SiteAnswer>, isGood: (answer: SiteAnswer) => boolean, pause: number): Promise<void> {
    const open: Promise<void>[] = [];
    while (!this.#stop.signal.aborted) {
      this.asked += 1;
      open.push(ask().then((answer) => void (isGood(answer) ? undefined : this.failures.push(answer))));
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    await Promise.all(open);
  }
}
