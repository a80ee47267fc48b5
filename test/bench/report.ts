import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Row } from "./figures.ts";
import { root } from "./programs.ts";

/** A group of figures with the words that say how they were taken. */
export interface Section {
  readonly title: string;
  readonly method: string;
  readonly rows: readonly Row[];
}

const verdicts = { true: "yes", false: "**no**" } as const;

/** The table as text for the terminal. */
export function toText(sections: readonly Section[]): string {
  return sections
    .flatMap(({ title, rows }) => [
      `\n${title}`,
      ...rows.map(({ what, result, aim, met }) => {
        const verdict = met === undefined ? "" : `   aim ${aim}: ${met ? "met" : "MISSED"}`;
        return `  ${what}\n      ${result}${verdict}`;
      }),
    ])
    .join("\n");
}

/** Writes `docs/benchmarks.md`. */
export function writeReport(facts: readonly (readonly [string, string])[], sections: readonly Section[]): void {
  const parts = [
    "# Benchmarks",
    `Written by \`npm run bench\`. Figures are \`median [smallest–largest]\` of the rounds of one run on one machine, over
loopback. What is compared runs in the same run, round by round in turn, so that a busy moment meets both sides. Absolute
times depend on the machine; the ratios are what the aims are about.`,
    facts.map(([name, value]) => `- ${name}: ${value}`).join("\n"),
    ...sections.map(toMarkdown),
  ];
  writeFileSync(join(root, "docs", "benchmarks.md"), `${parts.join("\n\n")}\n`);
}

function toMarkdown({ title, method, rows }: Section): string {
  const lines = rows.map(({ what, result, aim, met }) => {
    const verdict = met === undefined ? "" : verdicts[`${met}`];
    return `| ${what} | ${result} | ${aim} | ${verdict} |`;
  });
  return [`## ${title}`, "", method, "", "| figure | result | aim | met |", "|---|---|---|---|", ...lines].join("\n");
}
