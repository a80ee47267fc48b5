/** A source text without what could be mistaken for code. */
export interface Masked {
  /** The code: comments and regular expressions blanked, each string replaced by `"n"`, its number in `strings`. */
  readonly code: string;
  /** Contents of all string and template literals (a template's fixed parts, one by one). */
  readonly strings: readonly string[];
}

/** One import or re-export. */
export interface FileImport {
  readonly specifier: string;
  /** Gone at run time: `import type`, `export type`, or only names that are marked `type`. */
  readonly typeOnly: boolean;
  /** Imported names as they are called where they come from; `*` and `default` for those. */
  readonly names: readonly string[];
}

const trivia = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const quoted = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
const regex = /\/(?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const templatePart = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y;
/** What a `/` that begins a regular expression can come after; after anything else it divides. */
const beforeRegex = /(?:^|[=(,;:!&|?{}[+\-*%<>~^]|\b(?:return|typeof|case|in|of|await|yield|throw|=>))\s*$/;

/** Reads a source text once and tells code from comments, strings, templates and regular expressions. */
export function maskSource(text: string): Masked {
  const strings: string[] = [];
  /** Brace depths at which a template's `${` was opened. */
  const templates: number[] = [];
  let depth = 0;
  let code = "";
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const addString = (content: string) => {
    code += `"${strings.push(content) - 1}"`;
  };
  const readTemplate = () => {
    const part = match(templatePart) ?? "";
    addString(part);
    at += part.length;
    if (text[at] === "`") at += 1;
    else if (at < text.length) {
      templates.push(depth);
      at += 2;
      code += " + ";
    }
  };
  while (at < text.length) {
    const char = text[at] ?? "";
    const comment = char === "/" ? match(trivia) : undefined;
    const string = char === '"' || char === "'" ? match(quoted) : undefined;
    const expression = char === "/" && !comment && beforeRegex.test(code.slice(-20)) ? match(regex) : undefined;
    if (comment !== undefined || expression !== undefined) {
      at += (comment ?? expression ?? "").length;
      code += expression === undefined ? " " : "/r/";
    } else if (string !== undefined) {
      addString(string.slice(1, -1));
      at += string.length;
    } else if (char === "`") {
      at += 1;
      readTemplate();
    } else if (char === "}" && templates.at(-1) === depth) {
      templates.pop();
      at += 1;
      readTemplate();
    } else {
      if (char === "{") depth += 1;
      if (char === "}") depth -= 1;
      code += char;
      at += 1;
    }
  }
  return { code, strings };
}

function parseClause(clause: string): { typeOnly: boolean; names: string[] } {
  const typed = /^\s*type\b(?!\s*(?:,|from\b|$))/.test(clause);
  const body = typed ? clause.replace(/^\s*type\b/, "") : clause;
  const braces = /\{([^}]*)\}/.exec(body)?.[1];
  const inner = (braces ?? "").split(",").map((part) => part.trim());
  const listed = inner.filter((part) => part !== "");
  const outside = body
    .replace(/\{[^}]*\}/, "")
    .replaceAll(",", " ")
    .trim();
  const names = listed.map((part) => part.replace(/^type\s+/, "").replace(/\s+as\s+.*$/, ""));
  if (outside.startsWith("*")) names.push("*");
  else if (outside !== "") names.push("default");
  const allTyped = listed.length > 0 && outside === "" && listed.every((part) => /^type\s/.test(part));
  return { typeOnly: typed || allTyped, names };
}

/** Every static and dynamic import, re-export and `require` with a constant name. */
export function scanImports({ code, strings }: Masked): FileImport[] {
  const found: FileImport[] = [];
  const add = (index: string | undefined, typeOnly: boolean, names: readonly string[]) => {
    const specifier = strings[Number(index)];
    if (specifier !== undefined) found.push({ specifier, typeOnly, names });
  };
  for (const [, clause = "", index] of code.matchAll(/\b(?:import|export)\b((?:\s|[\w$*,{}])*?)\bfrom\s*"(\d+)"/g)) {
    const { typeOnly, names } = parseClause(clause);
    add(index, typeOnly, names);
  }
  for (const [, index] of code.matchAll(/\bimport\s*"(\d+)"/g)) add(index, false, []);
  for (const [, index] of code.matchAll(/\b(?:import|require|require\.resolve)\s*\(\s*"(\d+)"/g))
    add(index, false, ["*"]);
  return found;
}
