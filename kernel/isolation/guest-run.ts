import { once } from "node:events";
import type { Socket } from "node:net";
import { type Manifest, ProviderError } from "@patchbay/sdk";
import * as v from "valibot";
import type { HelperClient } from "../host/types.ts";
import { within } from "../host/within.ts";
import type { PluginServices } from "../plugins/generation.ts";
import { type CallFacts, Desk } from "./desk.ts";
import { type CallOptions, Line } from "./line.ts";
import { type Description, description } from "./protocol.ts";
import { settingsOf, snapshotOf } from "./snapshot.ts";
import type { TokenSocket } from "./token-socket.ts";
import type { FaultKind } from "./types.ts";

/** One process of a plugin, from its start to its end. */
export interface GuestRunOptions {
  readonly manifest: Manifest;
  /** Absolute path of the plugin's code. */
  readonly entry: string;
  readonly helper: HelperClient;
  readonly socket: TokenSocket;
  readonly services: PluginServices;
}

/** How a process ended. `output`: the last of what it printed. */
export interface Ending {
  readonly kind: Extract<FaultKind, "stuck" | "memory" | "exited">;
  readonly detail: string;
  readonly output: string;
}

const startMs = 20_000;
const pingEveryMs = 1000;
/** So many pings without an answer, and the process is stuck. */
const missedPings = 5;
const mostQuestions = 64;
const longestWaitMs = 2 ** 31 - 1;

/** The running process of a plugin. */
export class GuestRun {
  readonly description: Description;
  /** Resolves when the process is gone. */
  readonly ended: Promise<Ending>;
  readonly #options: GuestRunOptions;
  readonly #pid: number;
  readonly #wires: Wires;
  readonly #timer: NodeJS.Timeout;
  #isStuck = false;
  #isDesired = true;
  #missed = 0;
  #isPinged = false;
  #settings = "";

  constructor(
    options: GuestRunOptions,
    pid: number,
    started: { wires: Wires; ended: Promise<Ending>; said: Description },
  ) {
    this.#options = options;
    this.#pid = pid;
    this.#wires = started.wires;
    this.description = started.said;
    this.#timer = setInterval(() => this.#ping(), pingEveryMs);
    this.ended = started.ended.then((ending) => {
      clearInterval(this.#timer);
      return this.#isStuck ? { ...ending, kind: "stuck", detail: `no answer for ${missedPings} s` } : ending;
    });
    // Without its line a process is of no use, whatever it goes on doing.
    void started.wires.closed.then(() => (this.#isDesired ? this.kill() : undefined));
  }

  get inFlight(): number {
    return this.#wires.line.inFlight - (this.#isPinged ? 1 : 0);
  }

  async call(
    name: string,
    input: unknown,
    options: CallOptions & { readonly facts?: CallFacts | undefined },
  ): Promise<unknown> {
    this.#pushSettings();
    const { facts, ...how } = options;
    let id: number | undefined;
    const onId = (given: number) => {
      id = given;
      if (facts) this.#wires.facts.set(given, facts);
    };
    try {
      return await this.#wires.line.call(name, input, { ...how, onId });
    } finally {
      if (id !== undefined) this.#wires.facts.delete(id);
    }
  }

  /** Kills the process and resolves when it is gone. */
  async kill(): Promise<void> {
    this.#isDesired = false;
    clearInterval(this.#timer);
    await stop(this.#options, this.#pid);
    this.#wires.line.end();
  }

  #ping(): void {
    this.#pushSettings();
    if (this.#isPinged) {
      this.#missed += 1;
      if (this.#missed < missedPings) return;
      this.#isStuck = true;
      void this.kill();
      return;
    }
    this.#isPinged = true;
    this.#missed = 0;
    const over = () => {
      this.#isPinged = false;
    };
    this.#wires.line.call("ping", null).then(over, over);
  }

  #pushSettings(): void {
    const keys = this.description.pluginSettings.map(({ key }) => key);
    if (keys.length === 0) return;
    const values = settingsOf(keys, this.#options.services);
    const text = JSON.stringify(values ?? {});
    if (!values || text === this.#settings) return;
    this.#settings = text;
    this.#wires.line.tell("settings", values);
  }
}

/** The line to a process, with what the kernel knows of the calls on it. */
interface Wires {
  readonly line: Line;
  readonly facts: Map<number, CallFacts>;
  readonly closed: Promise<void>;
}

/** Starts a process and asks what it contributes. Rejects with the reason for people; then nothing is left of it. */
export async function startGuest(options: GuestRunOptions): Promise<GuestRun> {
  const { entry, helper, manifest, socket } = options;
  const { id, memoryMb } = manifest;
  await socket.listen();
  const expected = socket.expect();
  try {
    const order = { id, entry, socket: socket.name, token: expected.token, memory_mb: memoryMb };
    const { pid } = await helper.call("plugin.start", order);
    const ended = endingOf(options, pid);
    try {
      const { said, wires } = await within(startMs, undefined, (signal) => greet(options, { expected, ended, signal }));
      return new GuestRun(options, pid, { wires, ended, said });
    } catch (error) {
      await stop(options, pid);
      throw error;
    }
  } finally {
    expected.forget();
  }
}

async function greet(
  options: GuestRunOptions,
  start: { expected: { arrived: Promise<Socket> }; ended: Promise<Ending>; signal: AbortSignal },
): Promise<{ wires: Wires; said: Description }> {
  const { ended, expected, signal } = start;
  const tooEarly = ended.then(({ detail, kind, output }) => {
    throw new Error(
      `its process ended at once (${kind === "memory" ? `it used ${detail}` : detail})${lastWords(output)}`,
    );
  });
  tooEarly.catch(() => {});
  const late = once(signal, "abort").then(() => {
    throw new Error(`it did not start within ${startMs / 1000} s`);
  });
  late.catch(() => {});
  const arrived = await Promise.race([expected.arrived, tooEarly, late]);
  const wires = openLine(options, arrived);
  try {
    const snapshot = snapshotOf(options.manifest, options.services);
    const loaded = wires.line.call("load", snapshot).catch((error: Error) => tooEarlyOr(error, wires, tooEarly));
    const parsed = v.safeParse(description, await Promise.race([loaded, late]));
    if (parsed.success) return { wires, said: parsed.output };
    throw new Error(`what it contributes is not in the right form at ${v.getDotPath(parsed.issues[0]) ?? "its start"}`);
  } catch (error) {
    wires.line.end();
    throw error;
  }
}

/** When the line went, the end of the process is the better reason. */
async function tooEarlyOr(error: Error, { line }: Wires, tooEarly: Promise<never>): Promise<never> {
  if (error.name !== "LineGone") throw error;
  line.end();
  return tooEarly;
}

function openLine({ manifest, services }: GuestRunOptions, socket: Socket): Wires {
  const facts = new Map<number, CallFacts>();
  const desk = new Desk({ manifest, services, factsOf: (call) => facts.get(call) });
  let close = () => {};
  const closed = new Promise<void>((resolve) => {
    close = resolve;
  });
  const line = new Line(socket, {
    most: mostQuestions,
    answer: (name, input) => desk.answer(name, input),
    hear: (name, input) => {
      if (name === "log") desk.log(input);
    },
    closed: () => close(),
  });
  return { line, facts, closed };
}

async function endingOf({ helper, manifest }: GuestRunOptions, pid: number): Promise<Ending> {
  try {
    const { detail, how, output } = await helper.call(
      "plugin.wait",
      { id: manifest.id, pid },
      { timeoutMs: longestWaitMs },
    );
    if (how === "memory") return { kind: how, detail: `more than ${manifest.memoryMb} MiB`, output };
    return { kind: "exited", detail: how === "killed" ? "it broke off its line to the panel" : detail, output };
  } catch (error) {
    const detail = error instanceof ProviderError ? error.message : "nobody knows how it ended";
    return { kind: "exited", detail, output: "" };
  }
}

async function stop({ helper, manifest }: GuestRunOptions, pid: number): Promise<void> {
  // Without the helper the kernel ends too, and its processes with it.
  await helper.call("plugin.stop", { id: manifest.id, pid }).catch(() => undefined);
}

/** The last line that says something, for people who have to find out why. */
function lastWords(output: string): string {
  const line = output.split("\n").findLast((one) => /^\w*Error\b|Error:/.test(one.trim()));
  return line === undefined ? "" : `: ${line.trim().slice(0, 300)}`;
}
