/** One directive: its words, unescaped, and its block when it has one. */
export interface Directive {
  readonly words: readonly string[];
  readonly block: readonly Directive[] | null;
  /** Where in the text it is over: after its `;` or its closing brace. */
  readonly end: number;
}

/** Why a text is not nginx configuration. `line` counts from 1. */
export class SyntaxFault extends Error {
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.name = "SyntaxFault";
    this.line = line;
  }
}

/** Parses nginx configuration as nginx 1.22 does (`ngx_conf_read_token`). Throws SyntaxFault. */
export function parseNginx(text: string): Directive[] {
  return readBlock(new Reader(text), 0);
}

function readBlock(reader: Reader, depth: number): Directive[] {
  if (depth > 16) throw reader.fault("blocks are nested too deeply");
  const directives: Directive[] = [];
  for (;;) {
    const { words, end } = reader.statement();
    if (end === "eof" || end === "}") {
      if ((end === "}") !== depth > 0) throw reader.fault(end === "}" ? "unexpected }" : "a block is not closed");
      return directives;
    }
    const block = end === "{" ? readBlock(reader, depth + 1) : null;
    directives.push({ words, block, end: reader.at });
  }
}

type End = ";" | "{" | "}" | "eof";

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get at(): number {
    return this.#at;
  }

  fault(message: string): SyntaxFault {
    return new SyntaxFault(message, this.#text.slice(0, this.#at).split("\n").length);
  }

  /** Words up to `;` or `{`; or no words and `}` or the end of the text. */
  statement(): { words: string[]; end: End } {
    const words: string[] = [];
    for (;;) {
      this.#skip();
      const char = this.#text[this.#at];
      if (char === undefined) {
        if (words.length > 0) throw this.fault("a directive is not ended by ;");
        return { words, end: "eof" };
      }
      if (char === ";" || char === "{" || char === "}") {
        this.#at += 1;
        if (char === "}" ? words.length > 0 : words.length === 0) throw this.fault(`unexpected ${char}`);
        return { words, end: char };
      }
      words.push(char === '"' || char === "'" ? this.#quoted(char) : this.#plain());
    }
  }

  #skip(): void {
    for (;;) {
      const char = this.#text[this.#at];
      if (char === "#") {
        const end = this.#text.indexOf("\n", this.#at);
        this.#at = end < 0 ? this.#text.length : end;
      } else if (char !== undefined && isSpace(char)) this.#at += 1;
      else return;
    }
  }

  #quoted(mark: string): string {
    const start = this.#at + 1;
    for (this.#at = start; this.#at < this.#text.length; this.#at += 1) {
      const char = this.#text[this.#at];
      if (char === "\\") this.#at += 1;
      else if (char === mark) {
        const word = unescapeWord(this.#text.slice(start, this.#at));
        this.#at += 1;
        const next = this.#text[this.#at];
        if (next !== undefined && !isSpace(next) && !";{)".includes(next)) {
          throw this.fault("a quoted word must be followed by a space, ; or {");
        }
        return word;
      }
    }
    throw this.fault("a quote is not closed");
  }

  #plain(): string {
    const start = this.#at;
    let variable = false;
    for (; this.#at < this.#text.length; this.#at += 1) {
      const char = this.#text[this.#at] as string;
      // Braces right after a dollar sign belong to a variable's name.
      if (char === "{" && variable) continue;
      variable = char === "$";
      if (char === "\\") this.#at += 1;
      else if (isSpace(char) || char === ";" || char === "{") break;
    }
    return unescapeWord(this.#text.slice(start, this.#at));
  }
}

function isSpace(char: string): boolean {
  return char === " " || char === "\t" || char === "\r" || char === "\n";
}

const controls: Readonly<Record<string, string>> = { t: "\t", r: "\r", n: "\n" };

function unescapeWord(raw: string): string {
  return raw.replace(/\\(["'\\trn])/g, (_all, char: string) => controls[char] ?? char);
}
