import type { ExecutingProvider, Issue, Rendered, RenderingProvider, SidePorts, Stand, Unit } from "@patchbay/sdk";

/** An answer that is there at once, or comes over the line from a plugin in a process of its own. */
export type Soon<T> = T | Promise<T>;

/** `RenderingProvider` as the kernel calls it, wherever its code runs. */
export interface RenderingPort {
  readonly kind: RenderingProvider["kind"];
  audit(unit: Unit): Soon<readonly Issue[]>;
  base(stand: Stand): Soon<Rendered>;
  render(key: string, unit: Unit): Soon<Rendered>;
  relay?(key: string, unit: Unit, to: SidePorts): Soon<Rendered>;
  generation?(generation: number): Soon<Rendered>;
}

/** `ExecutingProvider` as the kernel calls it, wherever its code runs. */
export interface ExecutingPort extends Pick<ExecutingProvider, "kind" | "execute" | "drifted" | "report"> {
  audit(unit: Unit): Soon<readonly Issue[]>;
  base?(stand: Stand): Soon<Rendered>;
  generation?(generation: number): Soon<Rendered>;
}

/** A provider as the kernel calls it: what its author writes synchronously may be a promise here. Every call is awaited. */
export type ProviderPort = RenderingPort | ExecutingPort;
