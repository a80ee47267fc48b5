import type { Mark } from "../storage/types.ts";
import type { DirtyRow } from "./dirty.ts";
import type { UnitFailure } from "./types.ts";

/** Keeps, for one pass, what became of each mark and so of each change. */
export class Tally {
  readonly #rows = new Map<string, DirtyRow[]>();
  readonly #waiting = new Map<string, Set<string>>();
  readonly #lastRow = new Map<string, number>();
  readonly #failed = new Map<string, UnitFailure[]>();
  readonly #loose: UnitFailure[] = [];
  readonly #undoing: ReadonlySet<string>;
  #fine: Mark[] = [];
  #freed: number[] = [];

  /** `undoing`: changes that are being taken back. Of them as much as possible is done, whatever else fails. */
  constructor(rows: readonly DirtyRow[], undoing: ReadonlySet<string> = new Set()) {
    this.#undoing = undoing;
    for (const row of rows) {
      const id = markId(row);
      this.#rows.set(id, [...(this.#rows.get(id) ?? []), row]);
      if (row.changeId === null) continue;
      this.#waiting.set(row.changeId, (this.#waiting.get(row.changeId) ?? new Set()).add(id));
      this.#lastRow.set(row.changeId, row.id);
    }
  }

  /** Units of a slot to work on. Without those that a change touched which has failed already: it will be taken back. */
  keys(slot: string): readonly string[] {
    const marks = [...this.#rows.values()].flatMap((rows) => rows[0] ?? []);
    return marks.filter((mark) => mark.slot === slot && !this.isGivenUp(mark)).map((mark) => mark.key);
  }

  slots(): readonly string[] {
    return [...new Set([...this.#rows.values()].flatMap((rows) => rows.map((row) => row.slot)))];
  }

  isMarked(mark: Mark): boolean {
    return this.#rows.has(markId(mark));
  }

  isGivenUp(mark: Mark): boolean {
    const changes = (this.#rows.get(markId(mark)) ?? []).flatMap((row) => row.changeId ?? []);
    return changes.some((id) => this.#failed.has(id) && !this.#undoing.has(id));
  }

  /** True when no change wants this unit that is not being taken back. */
  isReturning(mark: Mark): boolean {
    const changes = (this.#rows.get(markId(mark)) ?? []).flatMap((row) => row.changeId ?? []);
    return changes.every((id) => this.#undoing.has(id));
  }

  /** True when every change that marked it is being taken back, and there is one. */
  isTakenBack(mark: Mark): boolean {
    const rows = this.#rows.get(markId(mark)) ?? [];
    return rows.some((row) => row.changeId) && this.isReturning(mark);
  }

  ok(mark: Mark): void {
    this.#fine.push({ slot: mark.slot, key: mark.key });
    for (const row of this.#rows.get(markId(mark)) ?? []) {
      if (row.changeId === null) this.#freed.push(row.id);
      else this.#waiting.get(row.changeId)?.delete(markId(mark));
    }
  }

  fail(failure: UnitFailure): void {
    const rows = this.#rows.get(markId(failure)) ?? [];
    for (const { changeId } of rows) {
      if (changeId !== null) this.#failed.set(changeId, [...(this.#failed.get(changeId) ?? []), failure]);
    }
    if (rows.every((row) => row.changeId === null)) this.#loose.push(failure);
  }

  /** Changes of which every unit is live and that have not been returned before. */
  takeReady(): readonly string[] {
    const ready = [...this.#waiting].filter(([id, left]) => left.size === 0 && !this.#failed.has(id)).map(([id]) => id);
    for (const id of ready) this.#waiting.delete(id);
    return ready;
  }

  /** Units that are as they should be, and ids of their marks without a change; each only once. */
  takeFine(): { readonly marks: readonly Mark[]; readonly rows: readonly number[] } {
    const taken = { marks: this.#fine, rows: this.#freed };
    this.#fine = [];
    this.#freed = [];
    return taken;
  }

  /** Changes that failed, the newest first. */
  failed(): readonly { readonly id: string; readonly failures: readonly UnitFailure[] }[] {
    const all = [...this.#failed].map(([id, failures]) => ({ id, failures, last: this.#lastRow.get(id) ?? 0 }));
    return all.sort((a, b) => b.last - a.last);
  }

  /** Marks of a change that are not live. */
  left(id: string): readonly Mark[] {
    return [...(this.#waiting.get(id) ?? [])].flatMap((mark) => this.#rows.get(mark)?.[0] ?? []);
  }

  /** True when there is something to write that was not taken yet. */
  hasNews(): boolean {
    if (this.#fine.length > 0) return true;
    return [...this.#waiting].some(([id, left]) => left.size === 0 && !this.#failed.has(id));
  }

  /** Failures of units that no change asked for. */
  loose(): readonly UnitFailure[] {
    return this.#loose;
  }
}

function markId(mark: Mark): string {
  return `${mark.slot}\n${mark.key}`;
}
