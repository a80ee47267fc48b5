import { type CallOptions, type ClientAnswer, PanelCaller } from "../../sdk/testing/client.ts";

export type { CallOptions } from "../../sdk/testing/client.ts";

/** What the panel answered, as a client sees it. */
export interface Answer extends Omit<ClientAnswer, "body"> {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

/** One caller of a test instance: keeps its cookie or token. */
export class Client extends PanelCaller {
  /** The same listener, another caller. */
  other(): Client {
    return new Client(this.port);
  }

  get(path: string, query: CallOptions["query"] = {}): Promise<Answer> {
    return this.call("GET", path, { query });
  }

  post(path: string, body: unknown = {}, headers: CallOptions["headers"] = {}): Promise<Answer> {
    return this.call("POST", path, { body, headers });
  }

  delete(path: string, body: unknown = {}): Promise<Answer> {
    return this.call("DELETE", path, { body });
  }

  override login(username: string, password: string): Promise<Answer> {
    return super.login(username, password);
  }

  override call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    return super.call(method, path, options);
  }
}
