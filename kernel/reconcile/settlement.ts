import type { Clock, Logger } from "@patchbay/sdk";
import type { Change, Storage } from "../storage/types.ts";
import type { ReconcileCrashPoint } from "./crash-points.ts";
import { addMarks, block, deleteRows, unblock } from "./dirty.ts";
import { toFailure } from "./failure.ts";
import type { Tally } from "./tally.ts";
import type { ChangeResult, UnitFailure } from "./types.ts";

export interface SettlementDeps {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly logger: Logger;
  onOutcome(change: Change, changeId: string, result: ChangeResult): Promise<void>;
  crashPoint(name: ReconcileCrashPoint): void;
  /** Called after the commit in which the result became final. */
  notify(changeId: string, result: ChangeResult): void;
}

/** Ends the changes of one pass: done, or taken back and then undone. */
export class Settlement {
  readonly #deps: SettlementDeps;
  readonly #tally: Tally;
  readonly #undoing: ReadonlyMap<string, readonly UnitFailure[]>;

  constructor(deps: SettlementDeps, tally: Tally, undoing: ReadonlyMap<string, readonly UnitFailure[]>) {
    this.#deps = deps;
    this.#tally = tally;
    this.#undoing = undoing;
  }

  /** Writes into a transaction what is final by now. */
  async settle(change: Change): Promise<void> {
    const fine = this.#tally.takeFine();
    const ends = this.#tally.takeReady().map((id) => {
      const failures = this.#undoing.get(id);
      return this.#end(change, id, failures ? { state: "undone", failures } : { state: "done" });
    });
    await Promise.all([deleteRows(change.db, fine.rows), unblock(change.db, fine.marks), ...ends]);
  }

  /** Ends the pass: what is left over is settled, and changes that failed are taken back. */
  async finish(): Promise<void> {
    const failed = this.#tally.failed();
    if (failed.length > 0) this.#deps.crashPoint("reconcile:failed");
    const loose = this.#tally.loose();
    const lost = failed.filter(({ id }) => this.#undoing.has(id));
    if (this.#tally.hasNews() || loose.length > 0 || lost.length > 0) {
      await this.#deps.storage.change(async (change) => {
        await this.settle(change);
        await addMarks(change.db, loose);
        await block(change.db, loose, this.#deps.clock.now());
        for (const { id, failures } of lost) await this.#giveUp(change, id, failures);
      });
    }
    await this.#undo(failed.filter(({ id }) => !this.#undoing.has(id)));
    this.#deps.crashPoint("reconcile:finished");
  }

  /** The intent is back already, only its units could not be: they are tried again on their own. */
  async #giveUp(change: Change, id: string, failures: readonly UnitFailure[]): Promise<void> {
    this.#deps.logger.error("units of a change that was undone are not back yet", { change: id, failures });
    await this.#leave(change, id, failures);
    await this.#end(change, id, { state: "undone", failures: this.#undoing.get(id) ?? failures });
  }

  async #leave(change: Change, id: string, failures: readonly UnitFailure[]): Promise<void> {
    await addMarks(change.db, this.#tally.left(id));
    await block(change.db, failures, this.#deps.clock.now());
  }

  /**
   * Takes changes back, the newest first, because undoing keeps what later changes wrote. Rows of later changes may hang on
   * rows of an earlier one, so that the database refuses: then all later changes that are not final go back with it.
   */
  async #undo(failed: readonly { id: string; failures: readonly UnitFailure[] }[]): Promise<void> {
    if (failed.length === 0) return;
    try {
      await this.#deps.storage.change((change) => this.#takeBack(change, failed));
    } catch (error) {
      this.#deps.logger.warn("a change could not be taken back alone", { changes: failed.map(({ id }) => id), error });
      await this.#undoWithLater(failed);
    }
    this.#deps.crashPoint("reconcile:undoing");
  }

  async #undoWithLater(failed: readonly { id: string; failures: readonly UnitFailure[] }[]): Promise<void> {
    const { storage, logger } = this.#deps;
    try {
      await storage.change(async (change) => {
        const later = await change.read.all<{ id: string; slot: string; key: string }>(
          `select change_id as id, slot, unit_key as key, max(id) as last from dirty where change_id is not null
             and change_id not in (select change_id from reconcile_undo)
             and id > (select min(id) from dirty where change_id in (select value from json_each(?)))
           group by change_id order by last desc`,
          [JSON.stringify(failed.map(({ id }) => id))],
        );
        const all = later.map((row) => ({
          id: row.id,
          failures: failed.find(({ id }) => id === row.id)?.failures ?? [dependent(row)],
        }));
        const rest = failed.filter(({ id }) => !all.some((other) => other.id === id));
        await this.#takeBack(change, [...all, ...rest]);
      });
    } catch (error) {
      logger.error("changes could not be taken back; their units stay blocked", {
        changes: failed.map(({ id }) => id),
        error,
      });
      await storage.change(async (change) => {
        for (const { id, failures } of failed) {
          await this.#leave(change, id, failures);
          await this.#end(change, id, { state: "failed", failures });
        }
      });
    }
  }

  async #takeBack(change: Change, failed: readonly { id: string; failures: readonly UnitFailure[] }[]): Promise<void> {
    for (const { id, failures } of failed) {
      const marks = await this.#deps.storage.undo(change, id);
      const rows = JSON.stringify(marks.map(({ slot, key }) => ({ slot, key })));
      await change.db.raw(
        `insert or ignore into dirty (slot, unit_key, change_id)
         select json_extract(value, '$.slot'), json_extract(value, '$.key'), ? from json_each(?)`,
        [id, rows],
      );
      await change.db.raw("insert or ignore into reconcile_undo (change_id, failures) values (?, ?)", [
        id,
        JSON.stringify(failures),
      ]);
    }
  }

  async #end(change: Change, id: string, result: ChangeResult): Promise<void> {
    const { onOutcome, storage } = this.#deps;
    const { read } = change;
    await Promise.all([
      read.all("delete from dirty where change_id = ?", [id]),
      this.#undoing.has(id) ? read.all("delete from reconcile_undo where change_id = ?", [id]) : undefined,
      storage.settle(change, id),
      onOutcome(change, id, result),
    ]);
    change.afterCommit(() => this.#deps.notify(id, result));
  }
}

function dependent(mark: { slot: string; key: string }): UnitFailure {
  const failure = toFailure(mark, "unavailable", mark.slot);
  return { ...failure, message: `${mark.slot}: this change builds on one that could not be applied` };
}
