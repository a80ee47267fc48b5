import { policyHeader, policyLine } from "./policy.ts";
import { type Directive, parseNginx, SyntaxFault } from "./syntax.ts";

/** Contexts a custom include may open. Everything else that takes a block reaches beyond the site. */
const contexts = new Set(["location", "if", "limit_except"]);

/** Directives that open or write files of the server, or that belong to the panel. */
const refused =
  /^(?:include|load_module|listen|server_name|access_log|error_log|open_log_file_cache|disable_symlinks|ssl|ssl_.*|http2_.*|.*_temp_path|.*_store|.*_store_access|perl.*|js_.*|.*lua.*)$/;

/** Why a custom include may not be put into a site's server block; undefined when it may. Names the line and the rule. */
export function includeFault(text: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text.replaceAll("\r\n", "\n"))) return "control characters are refused";
  try {
    return firstFault(parseNginx(text));
  } catch (error) {
    if (error instanceof SyntaxFault) return `line ${error.line}: ${error.message}`;
    throw error;
  }
}

function firstFault(directives: readonly Directive[]): string | undefined {
  for (const { words, block } of directives) {
    const name = words[0] ?? "";
    if (!/^[a-z][a-z0-9_]*$/.test(name)) return "a directive has no valid name";
    if (block !== null && !contexts.has(name)) return `${name} may not open a block in a site`;
    if (refused.test(name)) return `${name} is not available in a site`;
    if (words.some((word) => /unix:/i.test(word))) return "local sockets may not be addressed";
    if (words.some((word) => /\$\{?pb_/.test(word)) && name === "set") return "variables of the panel may not be set";
    if (words.some((word) => /\?<pb_/.test(word))) return "variables of the panel may not be captured";
    if (words.some((word) => Buffer.byteLength(word) > 4000)) return "a word is longer than 4000 bytes";
    const inner = block === null ? undefined : firstFault(block);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/**
 * A custom include that `includeFault` accepts, as it is written. nginx forgets the headers of the levels above wherever a
 * block adds one of its own, so the site's HSTS header is added there again, unless the block sets that header itself.
 */
export function withPolicy(text: string): string {
  const places = policyPlaces(parseNginx(text)).sort((a, b) => b - a);
  return places.reduce((result, at) => `${result.slice(0, at)} ${policyLine}${result.slice(at)}`, text);
}

/** After the first header of each block that adds headers. What stands outside of blocks is at the level of our own. */
function policyPlaces(directives: readonly Directive[]): number[] {
  return directives.flatMap(({ block }) => {
    const headers = (block ?? []).filter(({ words }) => words[0] === "add_header");
    const isSet = headers.some(({ words }) => words[1]?.toLowerCase() === policyHeader.toLowerCase());
    const own = isSet ? [] : headers.slice(0, 1).map(({ end }) => end);
    return [...own, ...policyPlaces(block ?? [])];
  });
}
