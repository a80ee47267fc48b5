import {
  asPlugin,
  Invoker,
  Logger,
  type Manifest,
  type Principal,
  StateFiles,
  Store,
  type TaskContext,
} from "@patchbay/sdk";
import * as v from "valibot";
import type { PluginServices } from "../plugins/generation.ts";

/** What the kernel keeps of a call it made into a guest, while it runs. */
export interface CallFacts {
  readonly principal?: Principal;
  readonly task?: Pick<TaskContext, "step" | "progress">;
}

export interface DeskOptions {
  readonly manifest: Manifest;
  readonly services: PluginServices;
  /** Facts of a call that is running now. */
  factsOf(call: number): CallFacts | undefined;
}

const text = v.pipe(v.string(), v.maxLength(200_000));
const call = v.pipe(v.number(), v.safeInteger());
const questions = {
  "state.seed": v.tuple([text, v.string()]),
  "state.remove": v.tuple([v.array(text)]),
  "store.get": v.tuple([text]),
  "store.put": v.tuple([text, v.unknown()]),
  "store.delete": v.tuple([text]),
  "store.keys": v.tuple([text, text]),
  invoke: v.strictObject({ operation: text, input: v.record(v.string(), v.unknown()), call: v.optional(call) }),
  "task.step": v.strictObject({
    call,
    name: text,
    state: v.picklist(["running", "done", "failed", "skipped"]),
    message: text,
  }),
  "task.progress": v.strictObject({ call, share: v.number() }),
};
type Questions = { [K in keyof typeof questions]: v.InferOutput<(typeof questions)[K]> };
type Answers = { readonly [K in keyof Questions]: (input: Questions[K]) => Promise<unknown> };

const logLine = v.strictObject({
  level: v.picklist(["info", "warn", "error"]),
  message: v.string(),
  fields: v.record(v.string(), v.unknown()),
});
/** Lines of a guest that reach the log in a second. */
const linesPerSecond = 50;
const longestLine = 8192;

/** Answers what a guest asks of the kernel: a service it may use, and nothing else. */
export class Desk {
  readonly #options: DeskOptions;
  readonly #answers: Answers;
  #second = 0;
  #lines = 0;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#answers = answersOf(options);
  }

  async answer(name: string, input: unknown): Promise<unknown> {
    if (!Object.hasOwn(questions, name)) throw new Error("the kernel answers no such question");
    const question = name as keyof Questions;
    const parsed = v.safeParse(questions[question], input);
    if (!parsed.success) throw new Error(`${name} was not asked as it has to be`);
    return this.#answers[question](parsed.output as never);
  }

  /** Writes a line of the guest's into the log, unless it writes too many. */
  log(input: unknown): void {
    const { fields, level, message } = v.parse(logLine, input);
    const second = Math.floor(performance.now() / 1000);
    this.#lines = second === this.#second ? this.#lines + 1 : 1;
    this.#second = second;
    if (this.#lines > linesPerSecond || JSON.stringify(fields).length + message.length > longestLine) return;
    const { manifest, services } = this.#options;
    services.find(Logger)?.[level](message, { ...fields, plugin: manifest.id });
  }
}

function answersOf({ factsOf, manifest, services: { use } }: DeskOptions): Answers {
  const task = (id: number) => {
    const found = factsOf(id)?.task;
    if (!found) throw new Error("there is no such task");
    return found;
  };
  const callerOf = (id: number): Principal => {
    const found = factsOf(id)?.principal;
    if (!found) throw new Error("the call this belongs to is over");
    return found;
  };
  const ownName: Principal = { ...asPlugin, username: `plugin:${manifest.id}` };
  // Also for a caller: who opens a page of a plugin has not asked it to do whatever they may do themselves.
  const checkGranted = (operation: string): void => {
    if (manifest.grants.invoke.includes(operation)) return;
    throw new Error(`${manifest.id} may not call ${operation}: list it in grants.invoke`);
  };
  return {
    "state.seed": ([path, content]) => use(StateFiles).seed(path, content),
    "state.remove": ([paths]) => use(StateFiles).remove(paths),
    "store.get": ([key]) => use(Store).get(key),
    "store.put": ([key, value]) => use(Store).put(key, value as Parameters<Store["put"]>[1]),
    "store.delete": ([key]) => use(Store).delete(key),
    "store.keys": ([prefix, after]) => use(Store).keys(prefix, after === "" ? undefined : after),
    invoke: async ({ call: id, input, operation }) => {
      checkGranted(operation);
      return use(Invoker).invoke(operation, input, id === undefined ? ownName : callerOf(id));
    },
    "task.step": async ({ call: id, message, name, state }) => task(id).step(name, state, message),
    "task.progress": async ({ call: id, share }) => task(id).progress(share),
  };
}
