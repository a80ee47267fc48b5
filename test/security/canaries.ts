import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { filesUnder } from "../harness/files.ts";

/** How a secret looks when somebody wrote it down in another form. */
export function spellingsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, "utf8");
  return [secret, bytes.toString("base64").replace(/=+$/, ""), bytes.toString("hex"), encodeURIComponent(secret)];
}

/** True when the text holds a secret in any of its spellings. */
export function holds(text: string, secret: string): boolean {
  return spellingsOf(secret).some((spelling) => text.includes(spelling));
}

/** A line of a PEM file that only who has the file knows. */
export function keyLine(pem: string): string {
  const line = pem.split("\n")[2];
  if (line === undefined || !/^[A-Za-z0-9+/]{64}$/.test(line)) throw new Error("this is no PEM file of a key");
  return line;
}

/** Files below a directory, sockets and pipes left out, that hold one of these secrets. `name: file` */
export function filesWith(dir: string, secrets: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const file of filesUnder(dir)) {
    const text = readBytes(file);
    for (const [name, secret] of secrets) if (holds(text, secret)) found.push(`${name}: ${file}`);
  }
  return found;
}

function readBytes(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return ""; // A socket, or gone meanwhile.
  }
}

/** Looks at the arguments and environment of every process of the machine, again and again, until it is stopped. */
export class ProcessWatch {
  readonly #secrets: Map<string, string>;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  readonly found = new Set<string>();
  /** Distinct processes that were seen. */
  readonly seen = new Set<string>();
  rounds = 0;

  constructor(secrets: ReadonlyMap<string, string>) {
    this.#secrets = new Map(secrets);
    this.#done = this.#run();
  }

  /** Looks for these too from now on. */
  add(secrets: ReadonlyMap<string, string>): void {
    for (const [name, secret] of secrets) this.#secrets.set(name, secret);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.rounds += 1;
      for (const pid of readdirSync("/proc")) if (/^\d+$/.test(pid)) this.#look(pid);
      await sleep(1);
    }
  }

  #look(pid: string): void {
    for (const kind of ["cmdline", "environ"]) {
      const text = readBytes(`/proc/${pid}/${kind}`);
      if (kind === "cmdline") this.seen.add(text);
      for (const [name, secret] of this.#secrets) if (text.includes(secret)) this.found.add(`${name}: ${kind}`);
    }
  }
}
