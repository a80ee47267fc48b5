import type { Hook, HookKind, Tap, TapOrder } from "@patchbay/sdk";

/** One tap as a plugin declared it. */
export interface RegisteredTap {
  readonly plugin: string;
  readonly hook: Hook<HookKind, unknown>;
  readonly tap: Tap<HookKind, unknown>;
  readonly order?: TapOrder | undefined;
}

const stages = ["early", "normal", "late"] as const;

interface Node {
  readonly tap: RegisteredTap;
  readonly stage: number;
  /** Place in the declaration: keeps two taps of one plugin in the order it made them. */
  readonly index: number;
  readonly earlier: Set<Node>;
}

/**
 * The taps of one hook in the order they run: stage, then `before` and `after`, then plugin id. What is wrong with the
 * order is added to `problems`; the answer then holds only the taps that could be placed.
 */
export function sortTaps(
  taps: readonly RegisteredTap[],
  known: ReadonlySet<string>,
  problems: string[],
): RegisteredTap[] {
  const nodes = taps.map((tap, index) => ({ tap, index, stage: stageOf(tap), earlier: new Set<Node>() }));
  for (const node of nodes) connect(node, nodes, known, problems);
  return stages.flatMap((_, stage) =>
    place(
      nodes.filter((node) => node.stage === stage),
      problems,
    ),
  );
}

function stageOf(tap: RegisteredTap): number {
  return stages.indexOf(tap.order?.stage ?? "normal");
}

function connect(node: Node, nodes: readonly Node[], known: ReadonlySet<string>, problems: string[]): void {
  const { before = [], after = [] } = node.tap.order ?? {};
  const where = `${node.tap.plugin} on ${node.tap.hook.id}`;
  for (const plugin of new Set([...before, ...after])) {
    if (!known.has(plugin)) problems.push(`${where} is ordered relative to ${plugin}, which is not a plugin here`);
  }
  const link = (earlier: Node, later: Node) => {
    if (earlier.stage > later.stage) problems.push(`${where} asks for an order that contradicts its stage`);
    else if (earlier.stage === later.stage) later.earlier.add(earlier);
  };
  for (const other of nodes) {
    if (before.includes(other.tap.plugin)) link(node, other);
    if (after.includes(other.tap.plugin)) link(other, node);
  }
}

function place(nodes: readonly Node[], problems: string[]): RegisteredTap[] {
  const waiting = [...nodes].sort((a, b) => compare(a.tap.plugin, b.tap.plugin) || a.index - b.index);
  const placed = new Set<Node>();
  while (waiting.length > 0) {
    const next = waiting.findIndex((node) => [...node.earlier].every((earlier) => placed.has(earlier)));
    if (next < 0) {
      const stuck = [...new Set(waiting.map((node) => node.tap.plugin))];
      problems.push(`the taps on ${waiting[0]?.tap.hook.id} of ${stuck.join(", ")} wait for each other`);
      break;
    }
    for (const node of waiting.splice(next, 1)) placed.add(node);
  }
  return [...placed].map((node) => node.tap);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
