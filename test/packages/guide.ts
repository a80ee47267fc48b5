import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Something the reader does: writes a file, or runs commands and compares what they print. */
export type Step =
  | { readonly kind: "file"; readonly line: number; readonly path: string; readonly text: string }
  | { readonly kind: "run"; readonly line: number; readonly script: string; expected: readonly string[] };

export interface Chapter {
  readonly title: string;
  readonly steps: readonly Step[];
}

/**
 * Reads a guide. A fenced block `sh` is run; one with `title="path"` is a file, relative to where the reader is at that time; a
 * block `text` right after commands is what they print: its lines, in this order, each somewhere in the output.
 */
export function readGuide(markdown: string): Chapter[] {
  const chapters: { title: string; steps: Step[] }[] = [];
  const lines = markdown.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    if (line.startsWith("## ")) chapters.push({ title: line.slice(3), steps: [] });
    if (!line.startsWith("```")) continue;
    const end = lines.indexOf("```", at + 1);
    if (end === -1) throw new Error(`line ${at + 1}: the block has no end`);
    addStep(chapters.at(-1)?.steps ?? [], { head: line.slice(3), line: at + 1, body: lines.slice(at + 1, end) });
    at = end;
  }
  return chapters.filter(({ steps }) => steps.length > 0);
}

interface Block {
  readonly head: string;
  readonly line: number;
  readonly body: readonly string[];
}

function addStep(steps: Step[], { head, line, body }: Block): void {
  const [, path] = /^\w+ title="([\w./-]+)"$/.exec(head) ?? [];
  const last = steps.at(-1);
  if (path !== undefined) steps.push({ kind: "file", line, path, text: `${body.join("\n")}\n` });
  else if (head === "sh") steps.push({ kind: "run", line, script: body.join("\n"), expected: [] });
  else if (head === "text" && last?.kind === "run" && last.expected.length === 0) last.expected = body;
  else throw new Error(`line ${line}: what is this block for?`);
}

/** The first expected line that does not come, in its place; undefined: all do. `…` stands for anything, blanks for any blanks. */
export function missingLine(output: string, expected: readonly string[]): string | undefined {
  let rest = output;
  for (const line of expected) {
    const words = line
      .trim()
      .split(/\s+/)
      .map((word) => word.split("…").map(toPattern).join(".*"));
    const found = new RegExp(words.join("[ \\t]+")).exec(rest);
    if (!found) return line;
    rest = rest.slice(found.index + found[0].length);
  }
  return undefined;
}

function toPattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** The reader's terminal: one shell, in which directory, variables and functions stay from step to step. */
export class Terminal {
  readonly #shell: ChildProcessWithoutNullStreams;
  #output = "";
  #where: string;

  constructor(dir: string, env: NodeJS.ProcessEnv) {
    this.#where = dir;
    this.#shell = spawn("bash", ["--noprofile", "--norc"], { cwd: dir, env });
    const keep = (chunk: Buffer) => {
      this.#output += chunk.toString("utf8");
    };
    this.#shell.stdout.on("data", keep);
    this.#shell.stderr.on("data", keep);
    this.#shell.stdin.write("exec 2>&1\nset -eo pipefail\n");
  }

  /** Does a step as the reader would. Throws with the output when a command fails or prints something else. */
  async do(step: Step): Promise<void> {
    if (step.kind === "file") {
      const file = join(this.#where, step.path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, step.text);
      return;
    }
    const output = await this.#run(step.script);
    const missing = missingLine(output, step.expected);
    if (missing !== undefined) throw new Error(`line ${step.line}: nobody printed "${missing}":\n${output}`);
  }

  /** Ends the shell. What it left running is not its business. */
  async close(): Promise<void> {
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#shell.once("exit", resolve));
    this.#shell.kill("SIGKILL");
    await ended;
  }

  /** The first command that fails ends the shell. */
  async #run(script: string): Promise<string> {
    this.#output = "";
    const mark = `-- done ${process.hrtime.bigint()}`;
    this.#shell.stdin.write(`{ ${script}\n} < /dev/null\necho "${mark} $PWD"\n`);
    for (;;) {
      const end = this.#output.lastIndexOf(mark);
      if (end !== -1 && this.#output.endsWith("\n")) {
        this.#where = this.#output.slice(end + mark.length).trim();
        return this.#output.slice(0, end);
      }
      if (this.#shell.exitCode !== null) throw new Error(`a command failed:\n${script}\n\n${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
