import { toPathIn } from "./home-path.ts";
import { broken, canonicalString, isBroken } from "./rule.ts";

/**
 * Letters of any script, digits, inner blanks and a little punctuation. Not: `$` and `%` (variables of web servers,
 * which some cannot escape), backslashes, double quotes, and everything that ends a directive or opens a block.
 */
const allowed = /^[\p{L}\p{M}\p{N} ._+@,='()/-]+$/u;

/**
 * The directory a site is served from: given relative to `home` or absolute inside it, returned absolute. The home
 * itself and hidden directories in it are refused: they hold what is not for the web. `home` is absolute and canonical.
 *
 * @example
 * v.parse(documentRoot("/home/john"), "public_html/shop"); // "/home/john/public_html/shop"
 */
export function documentRoot(home: string) {
  return canonicalString(
    { maxLength: 1024, description: "Directory of the site inside the home directory", examples: ["public_html"] },
    (text) => {
      const path = toPathIn(home, text);
      if (isBroken(path)) return path;
      if (path.startsWith(".")) return broken("format", "must be a visible directory inside the home directory");
      if (!allowed.test(path) || path.split("/").some((segment) => segment !== segment.trim())) {
        return broken("format", "must have letters, digits, inner blanks and . _ - + @ , = ' ( ) only");
      }
      return `${home}/${path}`;
    },
  );
}
