import type { Probe, SidePorts } from "@patchbay/sdk";
import type { ServiceName } from "@patchbay/sdk/privileged";
import type { Place } from "./deployment.ts";
import type { Generation } from "./generation.ts";
import type { Ledger } from "./ledger.ts";
import type { Sight } from "./probes.ts";
import type { HandOver } from "./slot-work.ts";

/** One call of `apply.activate`, and what must be seen before the next. */
export interface Activation {
  readonly reload: readonly ServiceName[];
  readonly stop: readonly ServiceName[];
  /** Prove that the reload took effect. */
  readonly proofs: readonly Sight[];
}

/** What a transaction does to daemons. */
export interface Motion {
  readonly place: Place;
  readonly handOver: HandOver | undefined;
  readonly generations: readonly Generation[];
  readonly reload: readonly ServiceName[];
  /** With `leaving` among them. */
  readonly stop: readonly ServiceName[];
  /** Services of who leaves the front for good. */
  readonly leaving: readonly ServiceName[];
}

/**
 * In which order daemons are reloaded and stopped. Who takes over the front first has to show, on its side ports, that it has
 * loaded everything, however long that takes; only then the former one lets go, and the public ports have to answer from
 * the new one. Daemons that cannot hold ports together change places the other way round. A former one that shares no ports may
 * keep through a reload what it has bound: it ends, even when it stays on its side ports.
 */
export function phasesOf(motion: Motion): readonly Activation[] {
  const { handOver, place, reload, stop } = motion;
  const ofPlace = reload.filter((service) => !isOf(handOver?.from, service));
  const ofFormer = reload.filter((service) => isOf(handOver?.from, service));
  if (!handOver) return [{ reload, stop, proofs: proofs(motion, place, place.ports) }];
  const { from } = handOver;
  const arrives = { reload: ofPlace, stop: [], proofs: proofs(motion, place, place.candidate.sidePorts) };
  const steps = { reload: ofFormer, stop, proofs: proofs(motion, from, from.ports) };
  const taken = proofs(motion, place, undefined);
  if (sharesPorts(motion)) return [arrives, { ...steps, proofs: [...steps.proofs, ...taken] }];
  const takes = { reload: ofPlace, stop: [], proofs: taken };
  if (!handOver.stays) return [{ ...takes, stop }];
  if (from.candidate.sharesPorts) return [steps, takes];
  return [{ reload: [], stop: [...stop, ...ofFormer], proofs: [] }, takes, { ...steps, stop: [] }];
}

/** How many units of who had the front must answer again before another lets go of it. */
const fewUnits = 3;

/** What brings the former front back, next to the one that did not prove itself, before everything is rolled back. */
export async function comebackOf(motion: Motion, ledger: Ledger, slot: string): Promise<Activation | undefined> {
  const { handOver, leaving } = motion;
  if (!handOver || leaving.length === 0 || !sharesPorts(motion)) return undefined;
  const { candidate, ports } = handOver.from;
  const units = await ledger.unitsOf({ slot, plugin: candidate.plugin }, "", fewUnits);
  const probes = units.filter(({ role }) => role !== "relay").flatMap(({ rendered }) => rendered.probes);
  return { reload: leaving, stop: [], proofs: probes.map((probe) => ({ probe, ports })) };
}

function sharesPorts({ handOver, place }: Motion): boolean {
  return handOver !== undefined && place.candidate.sharesPorts && handOver.from.candidate.sharesPorts;
}

function proofs({ generations }: Motion, place: Place, ports: SidePorts | undefined): readonly Sight[] {
  const probes: readonly Probe[] = generations.find((one) => one.place === place)?.rendered.probes ?? [];
  return probes.map((probe) => ({ probe, ports }));
}

function isOf(place: Place | undefined, { plugin }: ServiceName): boolean {
  return place?.candidate.plugin === plugin;
}
