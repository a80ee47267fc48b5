import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../harness/client.ts";
import { must } from "../harness/must.ts";

/** What `operations/get` answers. */
export interface OperationView {
  readonly operation_id: string;
  readonly action: string;
  readonly state: "queued" | "running" | "done" | "failed" | "undone";
  readonly progress: number;
  readonly steps: readonly { readonly name: string; readonly state: string; readonly message: string }[];
  readonly error: string | null;
}

const ended = new Set(["done", "failed", "undone"]);

/** Starts switching an option. Fails unless the panel answers 202. Resolves with the operation's id. */
export async function beginSwitch(admin: Client, key: string, value: string, more: object = {}): Promise<string> {
  const { status, body, text } = await admin.post("system/save-option", { key, value, ...more });
  if (status !== 202) throw new Error(`a switch to ${value} answered ${status}: ${text}`);
  return body.data.operation_id as string;
}

/** Polls an operation until it has ended. Milliseconds. */
export async function endOf(admin: Client, id: string, deadline = 120_000): Promise<OperationView> {
  const end = performance.now() + deadline;
  for (;;) {
    const view = (await must(admin.get("operations/get", { id }))) as OperationView;
    if (ended.has(view.state)) return view;
    if (performance.now() > end) throw new Error(`an operation did not end: ${JSON.stringify(view)}`);
    await sleep(50);
  }
}

/** Switches an option and waits for the end, which must be a success. */
export async function switchTo(admin: Client, key: string, value: string): Promise<OperationView> {
  const view = await endOf(admin, await beginSwitch(admin, key, value));
  if (view.state !== "done") throw new Error(`a switch to ${value} ended ${view.state}: ${JSON.stringify(view)}`);
  return view;
}

/** The chosen value of a server option. */
export async function optionOf(admin: Client, key: string): Promise<string> {
  return (await must(admin.get("system/server-options")))[key];
}
