import { describe } from "vitest";
import { breakingDns } from "./dns-breaking.ts";
import { changingRecords, movingIn, movingOut } from "./dns-records.ts";
import type { DnsCast } from "./dns-scene.ts";
import { type DnsSubject, dnsCapabilities } from "./dns-subject.ts";
import { claimed } from "./record.ts";
import { Stage } from "./stage.ts";

/**
 * Registers the cases that a backend of the slot `dns` must pass. They tell one story, as those of `webConformance` do: every
 * case starts where the one before ended, asks for another state, and sees through the backend's own protocol that it is there.
 *
 * @example
 * const world = (panel: PanelUnderTest): DnsWorld => ({
 *   answers: async (name, type) => new Resolver().resolve(name, type).then((found) => [found].flat().map(String), () => []),
 *   hasZone: async (zone) => new Resolver().resolveSoa(zone).then(() => true, () => false),
 *   writes: () => panel.applies(),
 *   tamper: async (zone) => { throw new Error(`${zone} cannot be changed behind the panel's back`); },
 *   cutOff: async () => async () => undefined,
 * });
 * dnsConformance({
 *   title: "Example", option: "example", plugin: "dns-example", can: { serial: true }, world,
 *   record: `${import.meta.dirname}/capabilities.json`,
 *   machine: testMachine,
 *   start: () => conformancePanel({ plugins: [import.meta.dirname] }),
 * });
 */
export function dnsConformance(subject: DnsSubject): void {
  describe(`${subject.title} as a backend of dns`, () => {
    const stage = new Stage<DnsCast>(() => subject.start());
    stage.register();
    stage.chapter("moves in", () => movingIn(stage, subject));
    stage.chapter("answers what it was asked to", () => changingRecords(stage, subject));
    stage.chapter("breaks and is mended", () => breakingDns(stage, subject));
    stage.chapter("moves out", () => movingOut(stage, subject));
    stage.record(subject.record, claimed(dnsCapabilities, subject.can));
  });
}
