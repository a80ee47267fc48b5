import { randomBytes } from "node:crypto";
import { chmodSync, readdirSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { FrameReader } from "../helper/frames.ts";

/** Long enough for the first frame, `{"tell":"token","input":"…"}`. Bytes. */
const longestGreeting = 256;
const greetingMs = 5000;

/** One awaited guest. */
export interface Expected {
  readonly token: string;
  readonly arrived: Promise<Socket>;
  /** Nobody is awaited under this token any more. */
  forget(): void;
}

/** The socket at which processes of plugins arrive. Its name is a secret, and so is the token each has to say first. */
export class TokenSocket {
  /** Name of the socket in its folder. */
  readonly name = `${randomBytes(16).toString("hex")}.sock`;
  readonly #folder: string;
  readonly #waiting = new Map<string, (socket: Socket) => void>();
  #server: Server | undefined;
  #listening: Promise<void> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Listens from the first call on. */
  listen(): Promise<void> {
    this.#listening ??= this.#listen();
    return this.#listening;
  }

  expect(): Expected {
    const token = randomBytes(32).toString("base64url");
    const arrived = new Promise<Socket>((resolve) => this.#waiting.set(token, resolve));
    return { token, arrived, forget: () => void this.#waiting.delete(token) };
  }

  close(): void {
    this.#server?.close();
    rmSync(join(this.#folder, this.name), { force: true });
  }

  async #listen(): Promise<void> {
    // What a kernel before this one left behind.
    for (const old of readdirSync(this.#folder))
      if (old.endsWith(".sock")) rmSync(join(this.#folder, old), { force: true });
    const server = createServer((socket) => this.#greet(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(join(this.#folder, this.name), resolve);
    });
    chmodSync(join(this.#folder, this.name), 0o666);
  }

  // Anybody on this machine who finds the name may connect: without a token that is all.
  #greet(socket: Socket): void {
    const reader = new FrameReader(longestGreeting);
    const timer = setTimeout(() => socket.destroy(), greetingMs);
    const refuse = () => socket.destroy();
    const receive = (chunk: Buffer) => {
      try {
        const values = reader.push(chunk);
        if (values.length === 0) return;
        const accept = values.length === 1 ? this.#take(values[0]) : undefined;
        if (!accept) return refuse();
        clearTimeout(timer);
        socket.off("data", receive);
        socket.off("error", refuse);
        accept(socket);
      } catch {
        refuse();
      }
    };
    socket.on("data", receive);
    socket.on("error", refuse);
    socket.once("close", () => clearTimeout(timer));
  }

  #take(greeting: unknown): ((socket: Socket) => void) | undefined {
    const { input } = (greeting ?? {}) as { input?: unknown };
    if (typeof input !== "string") return undefined;
    const accept = this.#waiting.get(input);
    this.#waiting.delete(input);
    return accept;
  }
}
