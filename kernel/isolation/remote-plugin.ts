import {
  type Contributions,
  defineHook,
  type HookKind,
  isPanelError,
  type Plugin,
  type Schedule,
  type Setting,
  type Task,
  type TaskPreview,
} from "@patchbay/sdk";
import * as v from "valibot";
import { describedText } from "./described-schema.ts";
import { type DescribedSetting, type Description, taskPreview } from "./protocol.ts";
import type { Remote } from "./remote.ts";
import { remoteOperation } from "./remote-operation.ts";
import { remoteProvider } from "./remote-provider.ts";

/** How long a schedule may run. Milliseconds. */
const scheduleMs = 10 * 60_000;
const previewMs = 30_000;

/** What stands in the kernel for a plugin in a process of its own: every part passes its calls on. */
export function remotePlugin(remote: Remote, described: Description): Plugin {
  const contribute = (to: Contributions): void => {
    const tasks = described.tasks.map((task, at) => remoteTask(remote, task, at));
    described.operations.forEach((operation, at) => {
      to.operation(remoteOperation({ remote, tasks, ownHooks: ownHooks(remote, described) }, operation, at));
    });
    described.taps.forEach(({ hook, kind, order }, at) => {
      const tap = (payload: unknown, { signal }: { readonly signal: AbortSignal }) =>
        remote.call("tap", { at, payload }, { where: hook, signal });
      const { after, before, stage } = order;
      to.tap(defineHook<HookKind, unknown>(kind, hook), tap as never, {
        ...(stage ? { stage } : {}),
        ...(before ? { before } : {}),
        ...(after ? { after } : {}),
      });
    });
    for (const [at, provider] of described.providers.entries()) to.provider(remoteProvider(remote, provider, at));
    for (const [at, schedule] of described.schedules.entries()) to.schedule(remoteSchedule(remote, schedule, at));
    for (const task of tasks) to.task(task);
    for (const setting of described.settings) to.setting(remoteSetting(setting));
    for (const setting of described.pluginSettings) to.pluginSetting(remoteSetting(setting));
  };
  return { $type: "patchbay/plugin", version: 1, contribute };
}

/** Nobody may announce in another's name: a plugin's hooks begin with its own id or with a resource it serves. */
function ownHooks({ plugin }: Remote, { operations }: Description): (hook: string) => boolean {
  const own = new Set([plugin, ...operations.map(({ id }) => id.split(".")[0])]);
  return (hook) => own.has(hook.split(".")[0]);
}

function remoteSchedule(remote: Remote, { cron, id }: Description["schedules"][number], at: number): Schedule {
  const judge = isPanelError;
  const run = async (_use: unknown, signal: AbortSignal) =>
    void (await remote.call("schedule", { at }, { where: id, signal, judge, deadlineMs: scheduleMs }));
  return { id, cron, run };
}

function remoteTask(remote: Remote, { id, preview, title }: Description["tasks"][number], at: number): Task {
  const isEnd = (error: unknown) => isPanelError(error) || (error as Error | undefined)?.name === "Undone";
  return {
    id,
    title,
    // It may take as long as it needs: that its process lives is looked after elsewhere.
    run: async (payload, { operationId, progress, signal, step }) => {
      const facts = { task: { step, progress } };
      await remote.call("task", { at, payload, operationId }, { where: id, signal, facts, judge: isEnd });
    },
    ...(preview
      ? {
          preview: async (payload: unknown): Promise<TaskPreview> => {
            const how = { where: id, judge: isPanelError, deadlineMs: previewMs };
            const parsed = v.safeParse(taskPreview, await remote.call("preview", { at, payload }, how));
            if (parsed.success) return parsed.output;
            throw remote.nonsense(id);
          },
        }
      : {}),
  };
}

function remoteSetting({ default: fallback, key, schema, secret, title }: DescribedSetting): Setting {
  return { key, title, default: fallback, schema: describedText(schema), ...(secret ? { secret } : {}) };
}
