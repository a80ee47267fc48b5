import type { Principal } from "@patchbay/sdk";
import { authorize } from "./access/can.ts";
import type { Ownership } from "./access/ownership.ts";
import type { Audit } from "./audit/audit.ts";
import { redact } from "./audit/redact.ts";
import type { Outbox } from "./jobs/outbox.ts";
import type { Call } from "./operations/call.ts";
import type { ChangeRooms } from "./operations/change.ts";
import type { PipelineRooms } from "./operations/pipeline.ts";
import type { Generation } from "./plugins/generation.ts";
import { createQuotas } from "./quotas/quotas.ts";
import type { Change } from "./storage/types.ts";
import type { Tasks } from "./tasks/tasks.ts";

export interface FrontRooms {
  readonly ownership: Ownership;
  readonly audit: Audit;
  readonly outbox: Outbox;
  readonly tasks: Pick<Tasks, "begin">;
}

/**
 * The pipeline's view of the rooms around it, by generation and operation: a call ends on the generation it began with. Kept
 * as long as the generation is: it is asked for at every call.
 */
export function pipelineRoomsOf(rooms: FrontRooms): (generation: Generation, operationId: string) => PipelineRooms {
  const made = new WeakMap<Generation, Map<string, PipelineRooms>>();
  return (generation, operationId) => {
    const known = made.get(generation) ?? new Map<string, PipelineRooms>();
    made.set(generation, known);
    const found = known.get(operationId) ?? pipelineRooms(rooms, generation, operationId);
    known.set(operationId, found);
    return found;
  };
}

function pipelineRooms(rooms: FrontRooms, generation: Generation, operationId: string): PipelineRooms {
  const { hooks, objects, servicesFor } = generation;
  const owners = rooms.ownership.within(objects);
  return {
    ...servicesFor(operationId),
    change: changeRooms(rooms, generation),
    authorize,
    checkOwner: (principal, type, id) => owners.check(principal, type, id),
    auditAlone: (call, outcome, error) => auditAlone(rooms.audit, call, outcome, error),
    veto: (hook, payload) => hooks.veto(hook, payload),
    transform: (hook, value, revalidate) => hooks.transform(hook, value, revalidate),
  };
}

export function changeRooms(rooms: FrontRooms, generation: Generation): ChangeRooms {
  const { hooks, limits, meters } = generation;
  const quotas = createQuotas({ meters: () => meters, limits: () => limits });
  return {
    hooks: {
      guarded: (hook, payload) => hooks.guarded(hook, payload),
      // What is delivered later goes to those who listen then: a letter to a plugin that has left is tried in vain.
      emit: (db, hook, payload, heldBy) => rooms.outbox.emit(db, hook, payload, heldBy),
    },
    claim: (read, claims) => quotas.claim(read, claims),
    audit: (change, { call, resource, detail }) => appendAudit(rooms.audit, change, { call, resource, detail }),
    startTask: (change, { task, payload, call, held }) =>
      rooms.tasks.begin(change, { task, payload, held, caller: caller(call.principal) }),
  };
}

async function appendAudit(
  audit: Audit,
  change: Change,
  { call, resource, detail }: { call: Call; resource: string; detail: Readonly<Record<string, unknown>> },
): Promise<void> {
  await audit.append(change, {
    ...caller(call.principal),
    action: call.operation.id,
    resource,
    outcome: "ok",
    detail: { ...inputOf(call), ...detail },
  });
}

/**
 * Records what was refused. A request of nobody is recorded only where guessing happens, at the login: otherwise any
 * stranger could fill the log.
 */
async function auditAlone(
  audit: Audit,
  call: Call,
  outcome: "ok" | "denied" | "failed",
  error?: unknown,
): Promise<void> {
  const isLogin = call.operation.rate === "login";
  if (call.principal.role === "anonymous" && !isLogin) return;
  const code = (error as { code?: string } | undefined)?.code;
  if (outcome !== "ok" && (code === "INVALID_INPUT" || call.dryRun === true)) return;
  await audit.record({
    ...caller(call.principal),
    action: call.operation.id,
    resource: "",
    outcome,
    detail: { ...inputOf(call), ...(code ? { code } : {}) },
  });
}

function caller(principal: Principal) {
  return {
    userId: principal.userId,
    username: principal.username,
    impersonator: principal.impersonator?.username ?? null,
    ip: principal.ip,
    userAgent: principal.userAgent,
  };
}

function inputOf({ operation, raw }: Call): Record<string, unknown> {
  return redact(raw, operation.secrets ?? []) as Record<string, unknown>;
}
