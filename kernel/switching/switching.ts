import {
  backendSwitched,
  type ChangeContext,
  PanelError,
  type Read,
  type Switching,
  type SwitchPreview,
  type Task,
  type TaskPreview,
  type UnitIssue,
} from "@patchbay/sdk";
import { isSwitching, openSwitch } from "./journal.ts";
import { createSwitchTask } from "./switch-task.ts";
import { checkInstalled, type Target, targetOf } from "./target.ts";
import type { SwitchDeps, SwitchOrder } from "./types.ts";
import { countConcerned } from "./units.ts";
import { some, units } from "./words.ts";

/** Named in an error; the preview has all of them. */
const mostNamed = 20;

/** The service, and the task it starts, which must be among those of the generation. */
export interface SwitchingRoom extends Switching {
  readonly task: Task<SwitchOrder>;
}

export function createSwitching(deps: SwitchDeps): SwitchingRoom {
  return new BackendSwitching(deps);
}

class BackendSwitching implements SwitchingRoom {
  readonly task: Task<SwitchOrder>;
  readonly #deps: SwitchDeps;

  constructor(deps: SwitchDeps) {
    this.#deps = deps;
    this.task = { ...createSwitchTask(deps), preview: (order, read) => this.#plan(order, read) };
  }

  async preview(read: Read, option: string, value: string): Promise<SwitchPreview> {
    const target = await targetOf(this.#deps, option, value);
    const { choice, entry, candidate } = target;
    const facts = { slot: choice.slot, from: choice.chosen, to: value };
    if (value === choice.chosen) return { ...facts, units: 0, refused: [], lost: [], warnings: [] };
    if (!candidate) {
      const count = await countConcerned(entry.slot, read);
      const warnings = count === 0 ? [] : [`${units(count)} will be served by nobody.`];
      return { ...facts, units: count, refused: [], lost: [], warnings };
    }
    const warnings: string[] = [];
    if (!candidate.installed()) warnings.push(`${candidate.title} is not installed on this server.`);
    if (await isSwitching(read, choice.slot)) warnings.push(`${choice.title} is being switched already.`);
    const audit = await this.#deps.engine().auditCandidate(choice.slot, value, read);
    return { ...facts, ...audit, warnings };
  }

  async begin(change: ChangeContext, request: { option: string; value: string; force: boolean }): Promise<void> {
    const { settings } = this.#deps;
    const { option, value, force } = request;
    // The commit before this change may still be on its way into memory.
    await settings.fresh();
    const target = await targetOf(this.#deps, option, value);
    const { slot, chosen } = target.choice;
    // Also when it only serves because nobody has chosen: from now on it is the chosen one.
    if (value === chosen) return settings.save(change.intents, option, value);
    if (target.candidate) checkInstalled(target.candidate);
    if (await isSwitching(change.read, slot)) throw running(target);
    if (!target.candidate || (await countConcerned(target.entry.slot, change.read)) === 0) {
      await settings.save(change.intents, option, value);
      change.intents.touch(slot, "");
      await change.emit(backendSwitched, { slot, option, from: chosen, to: value });
      return;
    }
    // A dry run shows what is refused instead.
    if (!change.dryRun && !force) await this.#checkServed(target, change.read);
    await openSwitch(change.db, slot, change.operationId);
    change.start(this.task, { slot, option, from: chosen, to: value, force });
  }

  /** What a dry run tells of a switch. */
  async #plan({ slot, option, from, to, force }: SwitchOrder, read: Read): Promise<TaskPreview> {
    const preview = await this.preview(read, option, to);
    const say = (what: string) => (issue: UnitIssue) => `${issue.unit} ${what}: ${issue.field}: ${issue.message}`;
    const refused = preview.refused.map(say(force ? "cannot be served" : "cannot be served, so it is refused"));
    return {
      plan: [{ slot, unit: "", action: "switch", target: `${option} from ${from} to ${to}, ${units(preview.units)}` }],
      warnings: [...refused, ...preview.lost.map(say("loses")), ...preview.warnings],
    };
  }

  async #checkServed({ choice, candidate }: Target, read: Read): Promise<void> {
    const { refused } = await this.#deps.engine().auditCandidate(choice.slot, candidate?.id ?? "", read);
    if (refused.length === 0) return;
    const names = [...new Set(refused.map(({ unit }) => unit))];
    throw new PanelError("SWITCH_REFUSED", {
      status: 422,
      message: `${candidate?.title} cannot serve ${some(names, 3)}. Nothing was changed. See system/switch-preview.`,
      details: {
        count: names.length,
        units: refused.slice(0, mostNamed).map(({ unit, field, message }) => ({ unit, field, rule: message })),
      },
    });
  }
}

function running({ choice }: Target): PanelError {
  return new PanelError("SWITCH_RUNNING", {
    status: 409,
    message: `${choice.title} is being switched already. Wait until that has ended.`,
    retry: "later",
    retryAfterSeconds: 10,
  });
}
