import { setTimeout as sleep } from "node:timers/promises";
import { isEnd, type OperationView } from "../operations/outcome.ts";
import type { PanelClient } from "./client.ts";

/** The panel may be restarted meanwhile; it is asked again this often, with a pause in between. */
const tries = 40;
const pauseMs = 500;

/**
 * Prints the steps of an operation as they come, and its end. Answers the exit code: 0 done, 1 not. `connect` is called for
 * every attempt: a panel that was restarted has another token.
 */
export async function followOperation(
  connect: () => Pick<PanelClient, "events">,
  { id, json }: { readonly id: string; readonly json: boolean },
): Promise<number> {
  const shown = new Map<string, string>();
  let failures = 0;
  while (failures < tries) {
    try {
      for await (const event of connect().events(`/api/operations/events?id=${id}`)) {
        const view = event as OperationView;
        failures = 0;
        if (!json) printNews(view, shown);
        if (isEnd(view.state)) return end(view, json);
      }
    } catch {
      failures += 1;
    }
    await sleep(pauseMs);
  }
  throw new Error(`the panel does not answer any more; ask how it ended with: patchbay operations get --id ${id}`);
}

function printNews({ steps }: OperationView, shown: Map<string, string>): void {
  for (const { name, state, message } of steps) {
    const line = `${name}: ${state}${message === "" ? "" : `, ${message}`}`;
    if (shown.get(name) === line) continue;
    shown.set(name, line);
    process.stdout.write(`${line}\n`);
  }
}

function end(view: OperationView, json: boolean): number {
  if (json) process.stdout.write(`${JSON.stringify(view)}\n`);
  else if (view.error !== null) process.stderr.write(`${view.error}\n`);
  else process.stdout.write(`${view.state}\n`);
  return view.state === "done" ? 0 : 1;
}
