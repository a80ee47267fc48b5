import { type Directive, parseApache, SyntaxFault } from "./syntax.ts";

const lower = (names: string) => new Set(names.toLowerCase().split(/\s+/));

/** Sections a custom include may open: those that choose among the site's own requests. */
const sections = lower(
  "Location LocationMatch Files FilesMatch If ElseIf Else Limit LimitExcept RequireAll RequireAny RequireNone",
);

/** Directives it may hold. What is not named opens files, runs programs, listens, or reaches other sites. */
const allowed = lower(`Header RequestHeader ErrorDocument Redirect RedirectMatch RedirectTemp RedirectPermanent
  RewriteCond RewriteRule DirectoryIndex DirectorySlash FallbackResource ExpiresActive ExpiresByType ExpiresDefault
  AddType RemoveType ForceType AddCharset RemoveCharset AddDefaultCharset AddEncoding RemoveEncoding AddLanguage RemoveLanguage
  DefaultLanguage SetEnv UnsetEnv SetEnvIf SetEnvIfNoCase SetEnvIfExpr BrowserMatch BrowserMatchNoCase
  Require AuthMerging Satisfy Order Allow Deny AuthType AuthName AuthUserFile AuthBasicProvider AuthBasicAuthoritative
  FileETag AcceptPathInfo AllowEncodedSlashes LimitRequestBody SSLRequireSSL
  ProxyPass ProxyPassMatch ProxyPassReverse ProxyPassReverseCookieDomain ProxyPassReverseCookiePath ProxyPreserveHost
  ProxyTimeout ProxyErrorOverride`);

/** Why a custom include may not be put into a site's virtual host; undefined when it may. Names the line and the rule. */
export function includeFault(text: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\u0000-\u0008\u000b-\u001f\u007f\p{Surrogate}]/u.test(text.replaceAll("\r\n", "\n")))
    return "control characters are refused";
  try {
    return firstFault(parseApache(text));
  } catch (error) {
    if (error instanceof SyntaxFault) return `line ${error.line}: ${error.message}`;
    throw error;
  }
}

function firstFault(directives: readonly Directive[]): string | undefined {
  for (const directive of directives) {
    const fault = faultOf(directive);
    if (fault !== undefined) return `line ${directive.line}: ${fault}`;
    const inner = directive.block === null ? undefined : firstFault(directive.block);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function faultOf({ name, words, block }: Directive): string | undefined {
  const known = name.toLowerCase();
  if (block !== null && !sections.has(known)) return `${name} may not open a section in a site`;
  if (block === null && !allowed.has(known)) return `${name} is not available in a site`;
  if (words.some((word) => word.includes("${"))) return "variables of the server may not be used";
  if (words.some((word) => /(?:unix|fcgi|scgi|uwsgi|ajp|proxy):/i.test(word)))
    return "local sockets and other servers than web servers may not be addressed";
  // What keeps rewriting of tenants from connecting anywhere (see htaccess.ts), and what answers the panel's probe.
  if (known === "requestheader" && words.some((word) => /^max-forwards:?$/i.test(word)))
    return "this header may not be changed";
  if (known === "errordocument" && words[0] === "200") return "this status may not have a document";
  return undefined;
}
