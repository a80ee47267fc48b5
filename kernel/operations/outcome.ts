import type { Db, Migration, Read } from "@patchbay/sdk";
import { notFound, PanelError } from "@patchbay/sdk";
import type { ChangeResult, UnitFailure } from "../reconcile/types.ts";
import type { Sealer } from "../storage/types.ts";

export const outcomeMigrations: readonly Migration[] = [
  {
    id: "001-operations",
    up: async (db) => {
      await db.schema.createTable("operations", (table) => {
        table.text("id").primary();
        table.text("action").notNullable();
        table.integer("user_id");
        table.text("state").notNullable();
        table.text("failures");
        table.text("answer");
        table.bigInteger("created_at").notNullable().index();
        table.bigInteger("finished_at");
      });
      await db.schema.createTable("idempotency", (table) => {
        table.text("key").primary();
        table.text("request").notNullable();
        table.text("operation_id").notNullable();
        table.bigInteger("created_at").notNullable().index();
      });
    },
  },
];

interface Row {
  readonly id: string;
  readonly action: string;
  readonly user_id: number | null;
  readonly state: "running" | ChangeResult["state"];
  readonly failures: string | null;
}

/** What a change answers once it is live. */
export interface StoredAnswer {
  readonly message: string;
  readonly data: unknown;
}

/** The log of changes whose end somebody may ask for: those that touch units, and those with an idempotency key. */
export class Outcomes {
  readonly #sealer: Sealer;
  constructor(sealer: Sealer) {
    this.#sealer = sealer;
  }

  async open(
    db: Db,
    row: { id: string; action: string; userId: number | null; running: boolean; answer: StoredAnswer; now: number },
  ): Promise<void> {
    await db("operations").insert({
      id: row.id,
      action: row.action,
      user_id: row.userId,
      state: row.running ? "running" : "done",
      answer: this.#sealer.seal(`operations.answer.${row.id}`, JSON.stringify(row.answer)),
      created_at: row.now,
      finished_at: row.running ? null : row.now,
    });
  }

  async finish(db: Db, id: string, result: ChangeResult, now: number): Promise<void> {
    const failures = result.state === "done" ? null : JSON.stringify(result.failures);
    await db("operations").where({ id }).update({ state: result.state, failures, finished_at: now });
  }

  /** The final answer, `running`, or the error the change ended with. */
  async result(read: Read, id: string): Promise<StoredAnswer | "running"> {
    const row = await read.get<Pick<Row, "state" | "failures"> & { readonly answer: string }>(
      "SELECT state, failures, answer FROM operations WHERE id = ?",
      [id],
    );
    if (!row) throw notFound("operation");
    if (row.state === "running") return "running";
    if (row.state !== "done") throw applyError(row.state, JSON.parse(row.failures ?? "[]") as UnitFailure[]);
    return JSON.parse(this.#sealer.open(`operations.answer.${id}`, row.answer)) as StoredAnswer;
  }

  /** How a change ended for the reconciler; undefined while it has not. */
  async ended(read: Read, id: string): Promise<ChangeResult | undefined> {
    const row = await this.#row(read, id);
    if (!row || row.state === "running") return undefined;
    if (row.state === "done") return { state: "done" };
    return { state: row.state, failures: JSON.parse(row.failures ?? "[]") as UnitFailure[] };
  }

  /** What `operations/get` answers. Only the caller's own, except for admins. */
  async view(read: Read, id: string, viewer: { userId: number | null; role: string }) {
    const row = await this.#row(read, id);
    if (!row || (viewer.role !== "admin" && row.user_id !== viewer.userId)) throw notFound("operation");
    const failures = JSON.parse(row.failures ?? "[]") as UnitFailure[];
    return {
      operation_id: row.id,
      action: row.action,
      state: row.state,
      progress: row.state === "running" ? 0 : 1,
      steps: failures.map((failure) => ({
        name: `${failure.slot} ${failure.key}`,
        state: "failed" as const,
        message: failure.message,
      })),
      error: row.state === "running" || row.state === "done" ? null : applyError(row.state, failures).message,
    };
  }

  async #row(read: Read, id: string): Promise<Row | undefined> {
    return read.get<Row>("SELECT id, action, user_id, state, failures FROM operations WHERE id = ?", [id]);
  }
}

const statuses = { unsupported: 422, invalid: 422, conflict: 409, unavailable: 503, terminal: 500 } as const;
const codes = {
  unsupported: "APPLY_UNSUPPORTED",
  invalid: "APPLY_REFUSED",
  conflict: "APPLY_CONFLICT",
  unavailable: "APPLY_UNAVAILABLE",
  terminal: "APPLY_FAILED",
} as const;

const outcomes = {
  undone: "Nothing was changed",
  failed: "The change is stored but not live yet, and is tried again",
} as const;

/** The one error a caller gets when its units could not be made live. */
export function applyError(state: "undone" | "failed", failures: readonly UnitFailure[]): PanelError {
  const first = failures[0];
  const kind = first?.kind ?? "terminal";
  const what = failures.map((failure) => failure.message);
  return new PanelError(codes[kind], {
    status: statuses[kind],
    message: `${outcomes[state]}: ${[...new Set(what)].slice(0, 3).join("; ") || "the change could not be applied"}`,
    fields: failures.flatMap((f) => f.issues.map((i) => ({ field: i.field, code: "unsupported", message: i.message }))),
    retry: kind === "unavailable" ? "later" : "never",
    ...(kind === "unavailable" ? { retryAfterSeconds: 5 } : {}),
  });
}
