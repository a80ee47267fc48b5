import { readdirSync } from "node:fs";
import type { PrivilegedInput, ServiceName } from "@patchbay/sdk/privileged";
import { testConfiguration } from "./config-test.ts";
import type { OnStep } from "./crash-points.ts";
import { HelperError, toHelperError } from "./errors.ts";
import { type Grants, serviceKey } from "./grants.ts";
import type { Identity } from "./identity.ts";
import type { Journal, JournalService, Journals } from "./journal.ts";
import type { Layout } from "./layout.ts";
import { buildShadow } from "./shadow.ts";
import { type StagedFile, StagingArea, stageFiles } from "./staging.ts";
import type { Supervisor } from "./supervisor.ts";
import { backUp, exchange, restore } from "./swap.ts";

interface ApplyParts {
  readonly grants: Grants;
  readonly layout: Layout;
  readonly identity: Identity;
  readonly journals: Journals;
  readonly supervisor: Supervisor;
  readonly step: OnStep;
}

/**
 * Transactions on configuration trees and daemons: stage → test → swap → activate → commit, or back. Calls must not
 * overlap. A death of the helper at any instruction leaves what `recover` mends.
 */
export class Apply {
  readonly #parts: ApplyParts;
  /** Staged files of open transactions, by `<plugin>/<path>`. */
  readonly #staged = new Map<string, Map<string, StagedFile>>();
  /** Plugins whose daemons are not restarted by themselves, by transaction. */
  readonly #holds = new Map<string, Set<string>>();

  constructor(parts: ApplyParts) {
    this.#parts = parts;
    for (const tx of parts.journals.list()) this.#hold(tx, pluginsOf(parts.journals.read(tx)));
  }

  async stage({ tx, plugin, files }: PrivilegedInput<"apply.stage">): Promise<Record<string, never>> {
    const { grants, journals, step } = this.#parts;
    if (journals.read(tx) !== undefined) throw new HelperError("terminal", "the transaction is swapped already");
    const tree = grants.tree(plugin);
    step("apply.stage:before");
    const staged = this.#staged.get(tx) ?? new Map<string, StagedFile>();
    this.#staged.set(tx, staged);
    const added = await stageFiles(this.#area(tx), { plugin, tree }, files, step);
    for (const file of added) staged.set(`${plugin}/${file.path}`, file);
    step("apply.stage:after");
    return {};
  }

  async test({ tx, services }: PrivilegedInput<"apply.test">): Promise<Record<string, never>> {
    const { grants, identity, step } = this.#parts;
    const granted = services.map((name) => grants.service(name));
    const area = this.#area(tx);
    const trees = new Map<string, string>();
    for (const plugin of new Set(services.map((name) => name.plugin))) {
      const files = [...(this.#staged.get(tx)?.values() ?? [])].filter((file) => file.plugin === plugin);
      const tree = grants.tree(plugin);
      trees.set(plugin, files.length === 0 ? tree : buildShadow(area, { plugin, tree }, files));
    }
    step("apply.test:after-shadow");
    const root = { uid: 0, gid: 0 };
    const tests = granted.map((service) => {
      const as = service.user === "web" ? identity.web : root;
      return testConfiguration(service, trees.get(service.name.plugin) ?? "", identity.multiUser ? as : undefined);
    });
    const refused = (await Promise.allSettled(tests)).find((result) => result.status === "rejected");
    if (refused !== undefined) throw refused.reason;
    return {};
  }

  async swap({ tx }: PrivilegedInput<"apply.swap">): Promise<Record<string, never>> {
    const { journals, layout, step } = this.#parts;
    const staged = this.#staged.get(tx);
    if (staged === undefined) throw new HelperError("terminal", "nothing is staged for the transaction");
    step("apply.swap:before");
    const area = this.#area(tx);
    const entries = await backUp(area, layout.etc, [...staged.values()], step);
    const journal: Journal = { tx, state: "swapped", services: [], ...entries };
    this.#hold(tx, pluginsOf(journal));
    try {
      journals.write(journal);
      step("apply.swap:after-journal");
      exchange(area, layout.etc, journal, step);
    } catch (error) {
      await this.rollback({ tx });
      throw error;
    }
    step("apply.swap:after");
    return {};
  }

  async activate({ tx, reload, stop }: PrivilegedInput<"apply.activate">): Promise<Record<string, never>> {
    const { grants, journals, supervisor, step } = this.#parts;
    for (const name of [...reload, ...stop]) grants.service(name);
    const journal = journals.read(tx);
    if (journal === undefined) throw new HelperError("terminal", "the transaction is not swapped");
    const plan = (action: "reload" | "stop") => (name: ServiceName) => {
      const known = journal.services.find((service) => serviceKey(service.name) === serviceKey(name));
      return { name, action, wasRunning: known?.wasRunning ?? supervisor.isRunning(name) };
    };
    const services = [...reload.map(plan("reload")), ...stop.map(plan("stop"))];
    const keys = new Set(services.map(({ name }) => serviceKey(name)));
    // What the transaction did to other services before must be taken back as well.
    const earlier = journal.services.filter(({ name }) => !keys.has(serviceKey(name)));
    this.#hold(
      tx,
      [...reload, ...stop].map((name) => name.plugin),
    );
    journals.write({ ...journal, state: "activated", services: [...earlier, ...services] });
    step("apply.activate:after-journal");
    // Who stops may hold the ports that who starts needs.
    for (const action of ["stop", "reload"] as const) {
      const acts = services
        .filter((service) => service.action === action)
        .map(async ({ name }) => {
          await supervisor[action](name);
          step("apply.activate:after-service");
        });
      const failed = (await Promise.allSettled(acts)).find((result) => result.status === "rejected");
      if (failed !== undefined) throw failed.reason;
    }
    step("apply.activate:after");
    return {};
  }

  /** Removing the journal is the commit; what comes after is only cleaning and cannot fail it. */
  async commit({ tx }: PrivilegedInput<"apply.commit">): Promise<Record<string, never>> {
    const { journals, step } = this.#parts;
    if (journals.read(tx) === undefined && this.#staged.has(tx)) {
      throw new HelperError("terminal", "the transaction is not swapped");
    }
    step("apply.commit:before");
    journals.remove(tx);
    step("apply.commit:after-journal");
    this.#forget(tx);
    step("apply.commit:after");
    return {};
  }

  async rollback({ tx }: PrivilegedInput<"apply.rollback">): Promise<Record<string, never>> {
    const { journals, layout, step } = this.#parts;
    step("apply.rollback:before");
    const journal = journals.read(tx);
    if (journal !== undefined) {
      restore(this.#area(tx), layout.etc, journal, step);
      step("apply.rollback:after-files");
      await this.#reactivate(journal);
      step("apply.rollback:after-services");
      journals.remove(tx);
      step("apply.rollback:after-journal");
    }
    this.#forget(tx);
    return {};
  }

  async recover(): Promise<{ rolledBack: string[] }> {
    const { journals, layout } = this.#parts;
    const left = new Set([...journals.list(), ...readdirSync(layout.staging), ...this.#staged.keys()]);
    for (const tx of left) await this.rollback({ tx });
    return { rolledBack: [...left].filter((tx) => /^[0-9a-f-]{36}$/.test(tx)) };
  }

  /**
   * What was stopped comes back before what was started goes: both may hold the same ports, and somebody must answer. Unless
   * one of them does not share its ports: then there is no room before the other has let go. One that does not share them
   * may keep through a reload what it has bound, and so it ends first and begins last.
   */
  async #reactivate({ services }: Journal): Promise<void> {
    const { supervisor, step } = this.#parts;
    const alone = services.filter((service) => !this.#sharesPorts(service));
    const together = alone.length === 0;
    const [former, risen] = partition(services, ({ wasRunning }) => wasRunning);
    // Daemons of one plugin do not take each other's ports.
    const contested = new Set(services.map(({ name }) => name.plugin)).size > 1;
    const [last, first] = partition(former, (service) => contested && alone.includes(service));
    if (!together) await each([...risen, ...last], async ({ name }) => supervisor.stop(name));
    const [running, ended] = partition(first, ({ name }) => supervisor.isRunning(name));
    await each(ended, async ({ name }) => supervisor.start(name));
    step("apply.rollback:after-start");
    await each(running, async ({ name }) => {
      await supervisor.reload(name);
      if (last.length > 0) await supervisor.drained(name);
    });
    await each(last, async ({ name }) => supervisor.start(name));
    if (together) await each(risen, async ({ name }) => supervisor.stop(name));
  }

  // False for a service whose grant is gone.
  #sharesPorts({ name }: JournalService): boolean {
    try {
      return this.#parts.grants.service(name).sharesPorts;
    } catch {
      return false;
    }
  }

  #forget(tx: string): void {
    this.#staged.delete(tx);
    try {
      this.#area(tx).clear();
    } catch (error) {
      warn(tx, error);
    }
    for (const plugin of this.#holds.get(tx) ?? []) this.#parts.supervisor.release(plugin);
    this.#holds.delete(tx);
  }

  #hold(tx: string, plugins: readonly string[]): void {
    const held = this.#holds.get(tx) ?? new Set<string>();
    this.#holds.set(tx, held);
    for (const plugin of plugins) {
      if (held.has(plugin)) continue;
      held.add(plugin);
      this.#parts.supervisor.hold(plugin);
    }
  }

  #area(tx: string): StagingArea {
    const { identity, layout } = this.#parts;
    return new StagingArea(layout.staging, tx, identity.multiUser ? { uid: 0, gid: identity.web.gid } : undefined);
  }
}

function pluginsOf(journal: Journal | undefined): string[] {
  return (journal?.files ?? []).map((file) => file.plugin);
}

// The files are back: a daemon that does not come up with them is not a reason to leave the rest undone.
async function each(
  services: readonly JournalService[],
  act: (service: JournalService) => Promise<void>,
): Promise<void> {
  for (const [index, result] of (await Promise.allSettled(services.map(act))).entries()) {
    const service = services[index];
    if (result.status === "rejected" && service !== undefined) warn(serviceKey(service.name), result.reason);
  }
}

function partition<T>(values: readonly T[], test: (value: T) => boolean): [T[], T[]] {
  const known = values.map((value) => ({ value, is: test(value) }));
  return [
    known.filter(({ is }) => is).map(({ value }) => value),
    known.filter(({ is }) => !is).map(({ value }) => value),
  ];
}

function warn(subject: string, error: unknown): void {
  const { kind, message, output } = toHelperError(error);
  const text = `rolling back left something to mend: ${subject}`;
  process.stderr.write(`${JSON.stringify({ level: "warn", message: text, kind, cause: message, output })}\n`);
}
