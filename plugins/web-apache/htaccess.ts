import { quote } from "./quote.ts";

/**
 * Every directive a tenant may write. A list, because Apache's classes are too wide: `FileInfo` has `SetHandler`, which reaches
 * the PHP of other tenants by its socket, and `RequestHeader`, which would take the guard away. `Options` is ruled by
 * `AllowOverride Options=` on top. At most 64: Apache reads no more arguments of a directive, and says nothing of the others.
 */
export const tenantDirectives = [
  [
    "<Files",
    "<FilesMatch",
    "<If",
    "<ElseIf",
    "<Else",
    "<IfModule",
    "<IfDefine",
    "<IfVersion",
    "<Limit",
    "<LimitExcept",
  ],
  ["Options", "ErrorDocument", "FileETag", "AcceptPathInfo", "ServerSignature", "AddDefaultCharset"],
  ["ForceType", "AddType", "RemoveType", "AddCharset", "RemoveCharset", "AddEncoding", "RemoveEncoding"],
  ["AddLanguage", "RemoveLanguage", "DefaultLanguage"],
  ["DirectoryIndex", "DirectorySlash", "FallbackResource"],
  ["Redirect", "RedirectMatch", "RedirectTemp", "RedirectPermanent"],
  ["RewriteEngine", "RewriteOptions", "RewriteBase", "RewriteCond", "RewriteRule"],
  ["Header", "ExpiresActive", "ExpiresByType", "ExpiresDefault"],
  ["SetEnv", "UnsetEnv", "SetEnvIf", "SetEnvIfNoCase", "SetEnvIfExpr", "BrowserMatch", "BrowserMatchNoCase"],
  ["Require", "<RequireAll", "<RequireAny", "<RequireNone", "AuthMerging", "Satisfy", "Order", "Allow", "Deny"],
  ["AuthType", "AuthName", "AuthUserFile", "AuthBasicProvider", "AuthBasicAuthoritative", "SSLRequireSSL"],
] as const;

/**
 * What may become of a request that a `.htaccess` has ruled. `RewriteRule … [P]` would connect to anything (the panel, other
 * tenants' PHP), and no access rule is asked after rewriting. But a proxy refuses a request whose `Max-Forwards` is no number,
 * before it connects. So every request for a file gets such a header, and `scriptGuard` takes it off again for a script.
 */
const guard = "RequestHeader set Max-Forwards refused";

/**
 * Where the handler of a script is set. Takes the guard off, unless rewriting made another request of it: to a proxy, or for a
 * handler of its own choice (`[H=…]`).
 */
export const scriptGuard =
  "RequestHeader unset Max-Forwards \"expr=%{REQUEST_FILENAME} !~ m#^proxy:#i && -z note('rewrite-forced-handler')\"";

/** Variables that PHP-FPM takes for settings, which are not for tenants. */
const phpSettings = ["PHP_VALUE", "PHP_ADMIN_VALUE"];

/** What holds in the file system: nothing is granted, and below the homes `.htaccess` is read. */
export function directoryText(homes: string): string {
  return `<Directory "/">
  AllowOverride None
  Options SymLinksIfOwnerMatch
  Require all denied
  ${guard}
</Directory>

<Directory ${quote(homes)}>
  # The first says which options a tenant may set; the second, that beside the list no class of directives is his.
  AllowOverride Options=Indexes,MultiViews,SymLinksIfOwnerMatch
  AllowOverride None
  AllowOverrideList \\
${tenantDirectives.map((line) => `    ${line.join(" ")}`).join(" \\\n")}
  CGIPassAuth On
  # HTTP/2 is agreed on in the TLS handshake. Apache offers it in every first answer, which confuses clients and relays.
  Header unset Upgrade
  Header unset Connection
${phpSettings.map((name) => `  ProxyFCGISetEnvIf true !${name}`).join("\n")}
</Directory>
`;
}
