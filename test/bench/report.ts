import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Row } from "./figures.ts";
import { root } from "./programs.ts";

/** A group of figures with the words that say how they were taken. */
export interface Section {
  readonly title: string;
  readonly method: string;
  /** When it was measured, on what. */
  readonly facts: string;
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

const file = join(root, "docs", "benchmarks.md");

/** Puts sections into `docs/benchmarks.md`. The others stay as they were measured last; `titles` is the order of all. */
export function writeReport(sections: readonly Section[], titles: readonly string[]): void {
  const known = new Map(sectionsOf(readFileSync(file, "utf8")));
  for (const section of sections) known.set(section.title, toMarkdown(section));
  const parts = [
    "# Benchmarks",
    `Written by \`npm run bench\`. Figures are \`median [smallest–largest]\` of the rounds of one run on one machine, over
loopback. What is compared runs in the same run, round by round in turn, so that a busy moment meets both sides. Absolute
times depend on the machine; the ratios are what the aims are about.`,
    ...titles.flatMap((title) => known.get(title) ?? []),
  ];
  writeFileSync(file, `${parts.join("\n\n")}\n`);
}

function sectionsOf(text: string): [string, string][] {
  return text
    .split(/^(?=## )/m)
    .slice(1)
    .map((section) => [/^## (.*)/.exec(section)?.[1] ?? "", section.trim()]);
}

function toMarkdown({ title, method, facts, rows }: Section): string {
  const lines = rows.map(({ what, result, aim, met }) => {
    const verdict = met === undefined ? "" : verdicts[`${met}`];
    return `| ${what} | ${result} | ${aim} | ${verdict} |`;
  });
  return [
    `## ${title}`,
    "",
    method,
    "",
    facts,
    "",
    "| figure | result | aim | met |",
    "|---|---|---|---|",
    ...lines,
  ].join("\n");
}
