/** Lines beyond which two texts are not compared line by line. */
const longest = 2000;

/**
 * Unified diff of two texts; null for a file that is not there. Empty when they are equal. `context` is how many equal
 * lines are shown around a difference. Texts that differ in more than 2,000 lines are only summed up.
 */
export function unifiedDiff(path: string, texts: { from: string | null; to: string | null }, context = 3): string {
  if (texts.from === texts.to) return "";
  const from = toLines(texts.from);
  const to = toLines(texts.to);
  const head = `--- ${texts.from === null ? "/dev/null" : `a/${path}`}\n+++ ${texts.to === null ? "/dev/null" : `b/${path}`}\n`;
  const lead = commonPrefix(from, to);
  const tail = commonSuffix(from.slice(lead), to.slice(lead));
  const a = from.slice(lead, from.length - tail);
  const b = to.slice(lead, to.length - tail);
  if (a.length > longest || b.length > longest) return `${head}@@ ${a.length} lines differ from ${b.length} lines @@\n`;
  const edits: Edit[] = [
    ...from.slice(0, lead).map((line): Edit => ({ sign: " ", line })),
    ...editScript(a, b),
    ...from.slice(from.length - tail).map((line): Edit => ({ sign: " ", line })),
  ];
  return head + toHunks(edits, context);
}

interface Edit {
  readonly sign: " " | "-" | "+";
  readonly line: string;
}

const noNewline = "\n\\ No newline at end of file";

function toLines(text: string | null): string[] {
  if (text === null || text === "") return [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  else lines.push(`${lines.pop()}${noNewline}`);
  return lines;
}

function commonPrefix(a: readonly string[], b: readonly string[]): number {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n += 1;
  return n;
}

function commonSuffix(a: readonly string[], b: readonly string[]): number {
  let n = 0;
  while (n < a.length && n < b.length && a[a.length - 1 - n] === b[b.length - 1 - n]) n += 1;
  return n;
}

/** The shortest way from `a` to `b`, through their longest common subsequence. */
function editScript(a: readonly string[], b: readonly string[]): Edit[] {
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const edits: Edit[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      edits.push({ sign: " ", line: left });
      i += 1;
      j += 1;
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      edits.push({ sign: "-", line: left });
      i += 1;
    } else if (right !== undefined) {
      edits.push({ sign: "+", line: right });
      j += 1;
    }
  }
  return edits;
}

function toHunks(edits: readonly Edit[], context: number): string {
  const changed = edits.flatMap((edit, at) => (edit.sign === " " ? [] : [at]));
  const ranges: [number, number][] = [];
  for (const at of changed) {
    const last = ranges.at(-1);
    const [start, end] = [Math.max(0, at - context), Math.min(edits.length, at + context + 1)];
    if (last && start <= last[1]) last[1] = end;
    else ranges.push([start, end]);
  }
  return ranges.map(([start, end]) => toHunk(edits, start, end)).join("");
}

function toHunk(edits: readonly Edit[], start: number, end: number): string {
  const count = (part: readonly Edit[], sign: "-" | "+") =>
    part.filter((e) => e.sign === " " || e.sign === sign).length;
  const side = (sign: "-" | "+") => {
    const length = count(edits.slice(start, end), sign);
    const before = count(edits.slice(0, start), sign);
    return `${length === 0 ? before : before + 1},${length}`;
  };
  const body = edits.slice(start, end).map((edit) => `${edit.sign}${edit.line}\n`);
  return `@@ -${side("-")} +${side("+")} @@\n${body.join("")}`;
}
