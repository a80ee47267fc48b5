import type {
  ChangeContext,
  ChangeOperation,
  ExecutingProvider,
  OperationContext,
  Principal,
  Provider,
  TaskContext,
  UnitChange,
  UnitDrift,
} from "@patchbay/sdk";
import { parseInput, parseOutput } from "../operations/parse.ts";
import type { Contributed } from "./guest-contributions.ts";
import type { GuestServices } from "./guest-services.ts";
import type { Line } from "./line.ts";
import { needsKernel, type OperationResult } from "./protocol.ts";
import { toWire } from "./wire-error.ts";

interface Parts {
  readonly line: Line;
  readonly found: Contributed;
  readonly providers: readonly (Provider | undefined)[];
  readonly services: GuestServices;
}

interface AskedCall {
  readonly id: number;
  readonly signal: AbortSignal;
}

/** Facts of a call that the kernel sends along. */
interface AskedOperation {
  readonly at: number;
  readonly input: unknown;
  readonly principal: Principal;
  readonly now: number;
  readonly operationId: string;
  readonly dryRun: boolean;
}

type Answers = Readonly<Record<string, (input: never, call: AskedCall) => unknown>>;

/** What the kernel can ask of a plugin once it has said what it contributes. */
export function guestAnswers(parts: Parts): Answers {
  const { found, services } = parts;
  const inCall = <T>({ id }: AskedCall, work: () => Promise<T>) => services.during({ id }, work);
  return {
    ping: () => null,
    operation: (input: AskedOperation, call) => runOperation(parts, input, call),
    tap: ({ at, payload }: { at: number; payload: unknown }, call) =>
      inCall(call, async () => part(found.taps, at).tap(payload, { signal: call.signal })),
    schedule: ({ at }: { at: number }, call) =>
      inCall(call, async () => part(found.schedules, at).run(services.use, call.signal)),
    task: (input: { at: number; payload: unknown; operationId: string }, call) =>
      inCall(call, async () => part(found.tasks, input.at).run(input.payload, taskContext(parts, input, call))),
    preview: ({ at, payload }: { at: number; payload: unknown }, call) =>
      inCall(call, async () => part(found.tasks, at).preview?.(payload, withoutDatabase.read)),
    provider: (input: { at: number; method: string; args: readonly unknown[] }, call) =>
      inCall(call, async () => callProvider(part(parts.providers, input.at), input, call.signal)),
  };
}

function part<T>(list: readonly (T | undefined)[], at: number): T {
  const found = list[at];
  if (found === undefined) throw new Error("there is no such part");
  return found;
}

/** What takes the panel's database is for plugins in the kernel's process. */
const withoutDatabase = {
  get read(): never {
    throw needsKernel("ctx.read");
  },
  get db(): never {
    throw needsKernel("ctx.db");
  },
  get intents(): never {
    throw needsKernel("ctx.intents");
  },
};

async function runOperation(
  { found, services }: Parts,
  asked: AskedOperation,
  call: AskedCall,
): Promise<OperationResult> {
  const operation = part(found.operations, asked.at);
  const input = parseInput(operation.input, asked.input);
  const result: { -readonly [K in keyof OperationResult]: OperationResult[K] } = {
    resource: "",
    notes: {},
    letters: [],
  };
  const { dryRun, now, operationId, principal } = asked;
  const context = changeContext({ dryRun, now, operationId, principal }, services, result);
  return services.during({ id: call.id, principal }, async () => {
    if (operation.method === "GET") {
      result.output = parseOutput(operation, await operation.handle(input, context));
      return result;
    }
    const change = operation as ChangeOperation<unknown, unknown>;
    const prepared = change.prepare ? await change.prepare(input, context) : undefined;
    const output = await change.handle(input, context, prepared);
    result.output = parseOutput(change, output);
    result.resource = change.resource?.(input, output) ?? "";
    return result;
  });
}

/** Everything a handler does through it goes back with the answer. */
function changeContext(
  facts: Pick<OperationContext, "dryRun" | "now" | "operationId" | "principal">,
  { find, use }: GuestServices,
  result: { -readonly [K in keyof OperationResult]: OperationResult[K] },
): ChangeContext {
  const done: Pick<ChangeContext, "emit" | "note" | "run" | "setSession" | "start"> = {
    emit: async (hook, payload) => void result.letters.push({ hook: hook.id, payload }),
    note: (detail) => void Object.assign(result.notes, detail),
    start: (task, payload) => {
      if (result.start) throw new Error(`a change cannot start ${task.id} besides ${result.start.task}`);
      result.start = { task: task.id, payload };
    },
    run: async () => {
      throw needsKernel("ctx.run");
    },
    setSession: () => {
      throw needsKernel("ctx.setSession");
    },
  };
  const context = Object.create(withoutDatabase) as ChangeContext;
  return Object.assign(context, { ...facts, use, find, ...done });
}

function taskContext(
  { line, services }: Parts,
  { operationId }: { operationId: string },
  { id, signal }: AskedCall,
): TaskContext {
  return {
    operationId,
    signal,
    use: services.use,
    step: async (name, state, message = "") => void (await line.call("task.step", { call: id, name, state, message })),
    progress: async (share) => void (await line.call("task.progress", { call: id, share })),
  };
}

/** Maps travel as lists of pairs. */
async function callProvider(
  provider: Provider,
  { args, method }: { method: string; args: readonly unknown[] },
  signal: AbortSignal,
): Promise<unknown> {
  if (method === "execute") {
    const changes = (args[0] as UnitChange[]).map((change) => ({ ...change, previous: change.previous }));
    const failures = await (provider as ExecutingProvider).execute(changes, signal);
    return [...failures].map(([key, error]) => [key, toWire(error)]);
  }
  if (method === "drifted") {
    const units = new Map(args[0] as [string, Record<string, unknown>][]);
    return (await (provider as ExecutingProvider).drifted(units, signal)) as readonly UnitDrift[];
  }
  if (method === "report") {
    const [key, unit] = args as [string, Record<string, unknown>];
    return (provider as ExecutingProvider).report?.(key, unit, signal);
  }
  if (!["audit", "base", "render", "relay", "generation"].includes(method)) throw new Error("there is no such method");
  const methods = provider as unknown as Record<string, ((...args: readonly unknown[]) => unknown) | undefined>;
  return methods[method]?.(...args);
}
