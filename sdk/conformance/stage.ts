import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PanelUnderTest } from "./panel.ts";
import { checkRecord, type Hardship } from "./record.ts";
import { Scene } from "./scene.ts";

/** What the steps of one suite share: the panel, and what earlier steps made. `A` names the accounts and domains. */
export class Stage<A> {
  readonly #start: () => Promise<PanelUnderTest>;
  readonly #cast: Partial<A> = {};
  #ran = 0;
  #failed = 0;
  readonly #survived = new Set<Hardship>();
  #scene: Scene | undefined;

  constructor(start: () => Promise<PanelUnderTest>) {
    this.#start = start;
  }

  /** Starts the panel before the first step of the surrounding `describe`, and stops it after the last. */
  register(): void {
    beforeAll(async () => {
      this.#scene = new Scene(await this.#start());
    });
    afterAll(() => this.#scene?.panel.stop());
  }

  get scene(): Scene {
    if (this.#scene === undefined) throw new Error("the panel did not start");
    return this.#scene;
  }

  /** Something an earlier step made. Throws when that step failed. */
  the<K extends keyof A & string>(name: K): A[K] {
    const found = this.#cast[name];
    if (found === undefined) throw new Error(`an earlier step should have made ${name}`);
    return found;
  }

  keep<K extends keyof A>(name: K, value: A[K]): void {
    this.#cast[name] = value;
  }

  /** A part of the story. `register` registers its cases. */
  chapter(title: string, register: () => void): void {
    describe(`${title}`, () => {
      register();
    });
  }

  /** One look at what earlier steps have made. Asks for no other state. */
  look(title: string, work: (scene: Scene) => Promise<void>): void {
    it(`${title}`, () => this.#count(() => work(this.scene)));
  }

  /** One desired state: `work` asks for it and probes it; then a second run must be empty and nothing may have drifted. */
  step(title: string, work: (scene: Scene) => Promise<void>): void {
    it(`${title}`, () =>
      this.#count(async () => {
        await work(this.scene);
        await this.scene.isSettled();
      }));
  }

  /** As `step`, for what the record tells of a backend: `work` does this to its world. */
  survive(hardship: Hardship, title: string, work: (scene: Scene) => Promise<void>): void {
    this.step(title, async (scene) => {
      await work(scene);
      this.#survived.add(hardship);
    });
  }

  /** The last case: what the run has shown is what the backend's record says. */
  record(file: string, capabilities: Readonly<Record<string, boolean>>): void {
    it("is on record with what it can", () => {
      expect(this.#failed, "cases that failed").toBe(0);
      checkRecord(file, { cases: this.#ran, capabilities, survived: [...this.#survived].sort() });
    });
  }

  async #count(work: () => Promise<void>): Promise<void> {
    this.#ran += 1;
    this.#failed += 1;
    await work();
    this.#failed -= 1;
  }
}
