/** One directive: its name, its words, unescaped, and its block when it is a section. */
export interface Directive {
  /** As it was written; Apache takes any case. Of a section without the brackets. */
  readonly name: string;
  readonly words: readonly string[];
  readonly block: readonly Directive[] | null;
  /** Counts from 1. */
  readonly line: number;
}

/** Why a text is not Apache configuration. `line` counts from 1. */
export class SyntaxFault extends Error {
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.name = "SyntaxFault";
    this.line = line;
  }
}

interface Line {
  readonly text: string;
  readonly at: number;
}

interface Section {
  readonly name: string;
  readonly words: readonly string[];
  readonly at: number;
  readonly block: Directive[];
}

/**
 * Parses Apache configuration as Apache 2.4 does (`ap_build_config`), but takes nothing that is not whole: sections are closed in
 * order, quotes end, names are words. Throws SyntaxFault.
 */
export function parseApache(text: string): Directive[] {
  const root: Directive[] = [];
  const open: Section[] = [];
  for (const { text: line, at } of linesOf(text)) {
    const into = open.at(-1)?.block ?? root;
    if (line === "" || line.startsWith("#")) continue;
    if (line.startsWith("</")) {
      const section = open.pop();
      if (section === undefined || line.toLowerCase() !== `</${section.name.toLowerCase()}>`)
        throw new SyntaxFault("a section is closed that is not open", at);
      const { block, name, words } = section;
      (open.at(-1)?.block ?? root).push({ name, words, block, line: section.at });
    } else if (line.startsWith("<")) {
      const [, name, rest] = /^<([A-Za-z]+)((?:[ \t].*)?)>$/s.exec(line) ?? [];
      if (name === undefined) throw new SyntaxFault("a section has no valid name", at);
      if (open.length >= 16) throw new SyntaxFault("sections are nested too deeply", at);
      open.push({ name, words: wordsOf(rest ?? "", at), at, block: [] });
    } else {
      const [, name, rest] = /^([A-Za-z][A-Za-z0-9]*)((?:[ \t].*)?)$/s.exec(line) ?? [];
      if (name === undefined) throw new SyntaxFault("a directive has no valid name", at);
      into.push({ name, words: wordsOf(rest ?? "", at), block: null, line: at });
    }
  }
  const last = open.at(-1);
  if (last !== undefined) throw new SyntaxFault("a section is not closed", last.at);
  return root;
}

/** Lines without the blanks around them. A backslash at the end takes the next one in, also in a comment. */
function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  let begun: Line | undefined;
  text.split(/\r?\n/).forEach((raw, index) => {
    const at: number = begun?.at ?? index + 1;
    const whole: string = (begun?.text ?? "") + raw;
    begun = whole.endsWith("\\") ? { text: whole.slice(0, -1), at } : undefined;
    if (begun === undefined) lines.push({ text: trimmed(whole), at });
  });
  if (begun !== undefined) throw new SyntaxFault("the last line is not ended", begun.at);
  return lines;
}

/** Without the blanks around it, of which Apache knows fewer than JavaScript. */
function trimmed(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}

function wordsOf(text: string, line: number): string[] {
  const words: string[] = [];
  let rest = trimmed(text);
  while (rest !== "") {
    const mark = rest[0] === '"' || rest[0] === "'" ? rest[0] : "";
    const length = mark === "" ? rest.search(/[ \t]|$/) : quotedLength(rest, mark);
    if (length < 0) throw new SyntaxFault("a quote is not closed", line);
    const word = mark === "" ? rest.slice(0, length) : rest.slice(1, length - 1);
    words.push(word.replace(/\\(["'\\])/g, (all, char: string) => (char === "\\" || char === mark ? char : all)));
    rest = trimmed(rest.slice(length));
  }
  return words;
}

/** Length of the quoted word with its quotes; -1 when it does not end. */
function quotedLength(text: string, mark: string): number {
  for (let at = 1; at < text.length; at += 1) {
    if (text[at] === "\\" && (text[at + 1] === mark || text[at + 1] === "\\")) at += 1;
    else if (text[at] === mark) return at + 1;
  }
  return -1;
}
