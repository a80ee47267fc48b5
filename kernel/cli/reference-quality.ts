import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  type Criterion,
  criteria,
  type Evidence,
  gatherEvidence,
  gatherSurroundings,
  levelOf,
  levels,
  type Surroundings,
  titleOf,
} from "./quality.ts";
import { generated, table } from "./reference-source.ts";

const intro = `How far a plugin is. Every answer is computed from the plugin's files and from what its suites have left behind
(\`capabilities.json\`, which only a green run writes); none is typed by hand. A plugin is at the highest level whose criteria, and those
of all levels below, it meets. What does not apply to it, because it is no backend of a slot with a suite, is \`–\` and demands nothing.
`;

/** The quality scale: its criteria, and where each plugin and each example stands. `active`: ids of the plugins that ran. */
export function qualityPage(root: string, active: ReadonlySet<string>): string {
  const around = gatherSurroundings(root);
  const all = ["plugins", "examples"].flatMap((parent) =>
    foldersOf(root, parent).map((path) => gatherEvidence(root, path, active)),
  );
  const rows = all.map((evidence) => [
    `[${titleOf(evidence)}](../../${evidence.folder})`,
    `**${levelOf(evidence, around) ?? "none"}**`,
    ...criteria.map((one) => mark(one, evidence, around)),
  ]);
  const scale = levels.flatMap((level) =>
    criteria.filter((one) => one.level === level).map(({ id, means }) => [level, id, means]),
  );
  return [
    "# Quality scale\n",
    generated,
    intro,
    `## Criteria\n\n${table(["level", "criterion", "met when"], scale)}\n`,
    `## Plugins and examples\n\n${table(["plugin", "level", ...criteria.map(({ id }) => id)], rows)}\n`,
  ].join("\n");
}

function foldersOf(root: string, parent: string): readonly string[] {
  const folder = join(root, parent);
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return names.filter((name) => existsSync(join(folder, name, "package.json"))).map((name) => `${parent}/${name}`);
}

function mark(criterion: Criterion, evidence: Evidence, around: Surroundings): string {
  const meets = criterion.meets(evidence, around);
  return meets === undefined ? "–" : meets ? "yes" : "no";
}
