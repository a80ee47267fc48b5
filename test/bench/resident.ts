import { readFileSync } from "node:fs";

/** Memory of some processes together, MiB. */
export interface Resident {
  /** What each holds for itself, and each page of a file they share once. Does not depend on who else runs. */
  readonly together: number;
  /** Sum of what the system counts for each: shared pages as often as they are shared. */
  readonly rss: number;
  /** Shared pages divided among all processes of the machine that use them. */
  readonly pss: number;
}

const header = /^[0-9a-f]+-[0-9a-f]+ (\S+) ([0-9a-f]+) (\S+) (\d+)/;
const field = /^(Rss|Pss|Anonymous):\s+(\d+) kB/;

/** Resident memory of these processes. */
export function residentOf(pids: readonly number[]): Resident {
  const shared = new Map<string, number>();
  let [own, rss, pss] = [0, 0, 0];
  for (const pid of pids) {
    let mapping = "";
    let pages = 0;
    for (const line of readFileSync(`/proc/${pid}/smaps`, "utf8").split("\n")) {
      const [, rights, offset, device, inode] = header.exec(line) ?? [];
      if (inode !== undefined) mapping = `${device} ${inode} ${offset} ${rights}`;
      const [, name, text] = field.exec(line) ?? [];
      const size = Number(text ?? 0) / 1024;
      if (name === "Rss") pages = size;
      if (name === "Rss") rss += size;
      if (name === "Pss") pss += size;
      if (name !== "Anonymous") continue;
      own += size;
      shared.set(mapping, Math.max(shared.get(mapping) ?? 0, pages - size));
    }
  }
  return { together: own + [...shared.values()].reduce((sum, size) => sum + size, 0), rss, pss };
}
