import { resolveRelative } from "./boundaries.ts";
import type { SourceFile } from "./source-file.ts";

export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** Which file imports which, by relative imports. `runtimeOnly` leaves out what is gone at run time. */
export function toFileGraph(files: readonly SourceFile[], { runtimeOnly }: { runtimeOnly: boolean }): Graph {
  return new Map(
    files.map((file) => {
      const own = file.imports.filter((one) => one.specifier.startsWith(".") && !(runtimeOnly && one.typeOnly));
      return [file.path, new Set(own.map((one) => resolveRelative(file.path, one.specifier)))];
    }),
  );
}

/** Which kernel room imports which. Tests are left out. */
export function toRoomGraph(files: readonly SourceFile[], options: { runtimeOnly: boolean }): Graph {
  const roomOf = new Map(files.map((file) => [file.path, file.room]));
  const rooms = new Map<string, Set<string>>();
  const sources = files.filter((file) => file.room !== "" && !file.isTest);
  for (const [path, targets] of toFileGraph(sources, options)) {
    const room = roomOf.get(path) ?? "";
    const known = rooms.get(room) ?? new Set<string>();
    rooms.set(room, known);
    for (const target of targets) {
      const other = roomOf.get(target) ?? "";
      if (other !== room && other !== "") known.add(other);
    }
  }
  return rooms;
}

function findWay(graph: Graph, from: string, to: string): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [from];
  for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
    for (const next of graph.get(node) ?? []) {
      if (next === to) {
        const way = [node];
        for (let last = node; last !== from; ) {
          last = cameFrom.get(last) ?? from;
          way.unshift(last);
        }
        return way;
      }
      if (cameFrom.has(next) || next === from) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  return undefined;
}

/** Cycles, each as `a → b → a`, a shortest one for each smallest member; empty when there is none. */
export function findCycles(graph: Graph): string[] {
  const cycles = new Map<string, string>();
  for (const node of [...graph.keys()].sort()) {
    const way = findWay(graph, node, node);
    if (way === undefined) continue;
    const members = [...way].sort().join(" ");
    if (!cycles.has(members)) cycles.set(members, [...way, node].join(" → "));
  }
  return [...cycles.values()];
}
