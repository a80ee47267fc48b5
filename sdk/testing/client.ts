import { Agent, request } from "node:https";

/** What the panel answered, as a client sees it. */
export interface ClientAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body as JSON; undefined when it is none. */
  readonly body: unknown;
  readonly text: string;
}

export interface CallOptions {
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly raw?: string;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One caller of a panel under test: keeps its cookie or token. */
export class PanelCaller {
  protected readonly port: number;
  readonly #agent = new Agent({ keepAlive: true, rejectUnauthorized: false, maxSockets: 128 });
  cookie: string | undefined;
  token: string | undefined;

  constructor(port: number) {
    this.port = port;
  }

  async login(username: string, password: string): Promise<ClientAnswer> {
    this.cookie = undefined;
    return this.call("POST", "auth/login", { body: { username, password } });
  }

  /** `path` is `domains/add`; anything that starts with a slash is taken as it is. */
  call(method: string, path: string, options: CallOptions = {}): Promise<ClientAnswer> {
    const query = new URLSearchParams(
      Object.entries(options.query ?? {}).map(([key, value]): [string, string] => [key, String(value)]),
    );
    const target = `${path.startsWith("/") ? path : `/api/${path}`}${query.size > 0 ? `?${query}` : ""}`;
    const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    const headers: Record<string, string> = {
      ...(body === undefined
        ? {}
        : { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) }),
      ...(this.cookie === undefined ? {} : { cookie: this.cookie }),
      ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
      ...options.headers,
    };
    return new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port: this.port, method, path: target, headers, agent: this.#agent };
      const sent = request(options, (res) => {
        const chunks: Buffer[] = [];
        res.on("data", (chunk: Buffer) => chunks.push(chunk));
        res.on("error", reject);
        res.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          this.#keepCookie(res.headers["set-cookie"]);
          resolve({ status: res.statusCode ?? 0, headers: res.headers, body: parse(text), text });
        });
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  #keepCookie(lines: readonly string[] | undefined): void {
    for (const line of lines ?? []) {
      const value = line.split(";", 1)[0] ?? "";
      this.cookie = value.endsWith("=") ? undefined : value;
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
