/** A doc comment: its text as one line per paragraph, and its tags. */
export interface Doc {
  readonly text: string;
  /** Without the `@`, `when`. */
  readonly tags: ReadonlyMap<string, string>;
}

/** One member of an interface. */
export interface Member {
  readonly name: string;
  readonly isOptional: boolean;
  /** As it is written, on one line, without the name of a property. */
  readonly type: string;
  readonly doc: Doc;
}

/** One thing a source file exports. */
export interface Declaration {
  readonly kind: "const" | "interface" | "type" | "function" | "class";
  readonly name: string;
  readonly doc: Doc;
  /** The rest of its first line; of a constant everything up to its first semicolon, on one line. */
  readonly head: string;
  /** Of an interface: its own, without those of what it extends. */
  readonly members: readonly Member[];
  /** Of an interface: names it extends. */
  readonly parents: readonly string[];
}

const exported = /^(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export (const|interface|type|function|class) (\w+)([^\n]*)/gm;

/**
 * What a source file exports, with its doc comments, read as text: the compiler of this TypeScript has no programming
 * interface. Knows the formatting of this project and nothing else.
 */
export function parseDeclarations(source: string): readonly Declaration[] {
  return [...source.matchAll(exported)].map((match) => {
    const [whole, doc = "", kind = "", name = "", head = ""] = match;
    const isInterface = kind === "interface";
    return {
      kind: kind as Declaration["kind"],
      name,
      doc: parseDoc(doc),
      head: kind === "const" ? statementAt(source, match.index + whole.length - head.length) : head.trim(),
      members: isInterface ? parseMembers(bodyAt(source, match.index + whole.length - 1)) : [],
      parents: isInterface
        ? (/ extends ([\w, ]+)/
            .exec(head)?.[1]
            ?.split(",")
            .map((one) => one.trim()) ?? [])
        : [],
    };
  });
}

function statementAt(source: string, from: number): string {
  const end = source.indexOf(";", from);
  return onOneLine(source.slice(from, end === -1 ? undefined : end + 1));
}

/** As the formatter would write it if lines were long enough. */
function onOneLine(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/([(<[])\s/g, "$1")
    .replace(/,? ([)>\]])/g, "$1")
    .trim();
}

function parseDoc(comment: string): Doc {
  const lines = comment.split("\n").map((line) => line.replace(/^\s*\* ?/, "").trim());
  const blocks: string[][] = [[]];
  for (const line of lines) {
    if (line === "" || line.startsWith("@")) blocks.push([]);
    if (line !== "") blocks.at(-1)?.push(line);
  }
  const paragraphs = blocks.map((block) => block.join(" ")).filter(Boolean);
  const tags = paragraphs.flatMap((one) => /^@(\w+) ?(.*)$/.exec(one) ?? []);
  const found = new Map<string, string>();
  for (let at = 0; at < tags.length; at += 3) found.set(tags[at + 1] ?? "", tags[at + 2] ?? "");
  return { text: paragraphs.filter((one) => !one.startsWith("@")).join("\n"), tags: found };
}

/** What stands between the brace at `from` and the one that belongs to it. */
function bodyAt(source: string, from: number): string {
  const start = source.indexOf("{", from);
  let depth = 0;
  for (let at = start; at < source.length; at = skipComment(source, at + 1)) {
    if (source[at] === "{") depth += 1;
    else if (source[at] === "}") depth -= 1;
    if (depth === 0) return source.slice(start + 1, at);
  }
  throw new Error("an interface does not end");
}

/** The place itself, or the one after the comment that begins there. */
function skipComment(source: string, at: number): number {
  if (source[at] !== "/") return at;
  if (source[at + 1] === "*") return source.indexOf("*/", at) + 2;
  return source[at + 1] === "/" ? source.indexOf("\n", at) : at;
}

function parseMembers(body: string): readonly Member[] {
  const members: Member[] = [];
  let doc = "";
  let text = "";
  let depth = 0;
  for (let at = 0; at < body.length; at += 1) {
    const end = skipComment(body, at);
    if (end !== at) {
      if (depth === 0 && body.startsWith("/**", at)) doc = body.slice(at + 3, end - 2);
      at = end - 1;
      continue;
    }
    const sign = body[at] ?? "";
    if ("{([".includes(sign)) depth += 1;
    else if ("})]".includes(sign)) depth -= 1;
    if (sign !== ";" || depth > 0) {
      text += sign;
      continue;
    }
    members.push(toMember(text, doc));
    [doc, text] = ["", ""];
  }
  return members;
}

function toMember(text: string, doc: string): Member {
  const line = onOneLine(text);
  const property = /^(?:readonly )?(\w+)(\?)?: (.*)$/.exec(line);
  if (property) {
    const [, name = "", mark, type = ""] = property;
    return { name, isOptional: mark !== undefined, type: type.replace(/^\| /, ""), doc: parseDoc(doc) };
  }
  const name = /^\w+/.exec(line)?.[0];
  if (name === undefined) throw new Error(`a member cannot be read: ${line}`);
  return { name, isOptional: line.startsWith(`${name}?`), type: line, doc: parseDoc(doc) };
}
