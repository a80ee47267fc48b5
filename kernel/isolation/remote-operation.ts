import {
  type ChangeContext,
  defineHook,
  isPanelError,
  type Operation,
  type OperationContext,
  type Task,
} from "@patchbay/sdk";
import * as v from "valibot";
import { describedInput, describedOutput } from "./described-schema.ts";
import { type DescribedOperation, type OperationResult, operationResult } from "./protocol.ts";
import type { Remote } from "./remote.ts";

/** How long a handler of a guest may take. Milliseconds. */
const deadlineMs = 30_000;

export interface OperationParts {
  readonly remote: Remote;
  /** The plugin's own. */
  readonly tasks: readonly Task[];
  /** True for a hook the plugin may announce. */
  ownHooks(hook: string): boolean;
}

/**
 * Stands for an operation of a guest. Its handler runs before the transaction, which it has no part in and must not hold up;
 * what it wants in there (letters, notes, a task) is done when it has answered.
 */
export function remoteOperation(parts: OperationParts, described: DescribedOperation, at: number): Operation {
  const { audit, id, input: _, method, output, secretOutput, ...rest } = described;
  const ask = asker(parts.remote, described, at);
  const common = { ...rest, id, input: describedInput(described), output: describedOutput(output) };
  if (method === "GET") {
    const handle = async (input: unknown, context: OperationContext) => (await ask(input, context)).output;
    return { ...common, method, audit: audit === "read" ? "read" : "none", handle } as Operation;
  }
  const resources = new WeakMap<object, string>();
  return {
    ...common,
    method,
    audit: "change",
    secretOutput: secretOutput === true,
    prepare: ask,
    resource: (input: object) => resources.get(input) ?? "",
    handle: async (input: object, context: ChangeContext, result: OperationResult) => {
      resources.set(input, result.resource);
      await perform(parts, id, { context, result });
      return result.output;
    },
  } as unknown as Operation;
}

type Ask = (input: unknown, context: OperationContext) => Promise<OperationResult>;

function asker(remote: Remote, { access, id, method }: DescribedOperation, at: number): Ask {
  const from = method === "GET" ? access.object?.from : undefined;
  return async (input, { dryRun, now, operationId, principal }) => {
    // In a query everything is text, and so the plugin's own schema expects it.
    const fields = input as Readonly<Record<string, unknown>>;
    const asked =
      from !== undefined && typeof fields[from] === "number" ? { ...fields, [from]: `${fields[from]}` } : fields;
    const answer = await remote.call(
      "operation",
      { at, input: asked, principal, now, operationId, dryRun },
      { where: id, deadlineMs, facts: { principal }, judge: isPanelError },
    );
    const parsed = v.safeParse(operationResult, answer);
    if (parsed.success) return parsed.output;
    throw remote.nonsense(id);
  };
}

async function perform(
  { ownHooks, remote, tasks }: OperationParts,
  id: string,
  { context, result }: { context: ChangeContext; result: OperationResult },
): Promise<void> {
  for (const { hook, payload } of result.letters) {
    if (!ownHooks(hook)) throw new Error(`${remote.plugin} may not announce ${hook}: its hooks begin with its own id`);
    await context.emit(defineHook<"notify", unknown>("notify", hook), payload);
  }
  context.note(result.notes);
  if (!result.start) return;
  const { payload, task: named } = result.start;
  const task = tasks.find((one) => one.id === named);
  if (!task) throw new Error(`${id} starts the task ${named}, which ${remote.plugin} does not declare`);
  context.start(task, payload);
}
