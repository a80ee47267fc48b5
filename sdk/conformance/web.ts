import { describe } from "vitest";
import { claimed } from "./record.ts";
import { Stage } from "./stage.ts";
import { breakingAndMending } from "./web-breaking.ts";
import type { WebCast } from "./web-cast.ts";
import { obeyingHtaccess } from "./web-htaccess.ts";
import { servingSecurely } from "./web-https.ts";
import { changingUnderLoad } from "./web-load.ts";
import { movingIn, movingOut } from "./web-moving.ts";
import { servingSites } from "./web-sites.ts";
import { answeringStrangers } from "./web-strangers.ts";
import { type WebSubject, webCapabilities } from "./web-subject.ts";
import { customText } from "./web-text.ts";

/**
 * Registers the cases that a backend of the slot `web` must pass. They tell one story: every case starts where the one
 * before ended, asks for another desired state, and sees through HTTP that it is there.
 *
 * @example
 * webConformance({
 *   title: "Example", option: "example", plugin: "web-example", service: "exampled", can: { aliases: true },
 *   logs: (site) => ({ access: `${site}.access.log`, errors: `${site}.error.log` }),
 *   record: `${import.meta.dirname}/capabilities.json`,
 *   machine: testMachine,
 *   start: () => conformancePanel({ plugins: [import.meta.dirname] }),
 * });
 */
export function webConformance(subject: WebSubject): void {
  describe(`${subject.title} as a backend of web`, () => {
    const stage = new Stage<WebCast>(() => subject.start());
    stage.register();
    stage.chapter("moves in", () => movingIn(stage, subject));
    stage.chapter("serves what it was asked to", () => servingSites(stage, subject));
    stage.chapter("serves over HTTPS", () => servingSecurely(stage, subject));
    stage.chapter("obeys its tenants within their site", () => obeyingHtaccess(stage, subject));
    stage.chapter("text of an admin", () => customText(stage, subject));
    stage.chapter("answers strangers", () => answeringStrangers(stage, subject));
    stage.chapter("changes under load", () => changingUnderLoad(stage, subject));
    stage.chapter("breaks and is mended", () => breakingAndMending(stage, subject));
    stage.chapter("moves out", () => movingOut(stage, subject));
    stage.record(subject.record, claimed(webCapabilities, subject.can));
  });
}
