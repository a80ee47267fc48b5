import type { HostInfo } from "@patchbay/sdk";
import { scriptGuard } from "./htaccess.ts";
import { suspendedLine } from "./pages.ts";
import { ownNetworks, placesOf } from "./places.ts";
import { quote } from "./quote.ts";

/** What a virtual host does, apart from the values in it. */
export interface SiteShape {
  readonly kind: "site" | "suspended" | "redirect" | "relay";
  /** Scripts are run; otherwise they are refused. */
  readonly scripts: boolean;
  readonly forced: boolean;
  readonly hsts: boolean;
}

/** Of a site that Apache answers itself. */
type OwnShape = SiteShape & { readonly kind: Exclude<SiteShape["kind"], "relay"> };

/** The values of a virtual host as they stand in its text: quoted, or names of a macro's parameters. */
export interface SiteValues {
  readonly name: string;
  /** Arguments of one `ServerAlias` each. */
  readonly aliases: readonly string[];
  /** Path of the certificate below the host's configuration directory. Safe characters alone, as all that is not quoted. */
  readonly file: string;
  /** Digest of the certificate. */
  readonly seal: string;
  /** Fingerprint of the site. */
  readonly mark: string;
  /** Quoted. */
  readonly root: string;
  readonly socket: string;
  readonly code: string;
  /** Quoted. */
  readonly target: string;
  /** Address and port of the server that answers HTTP. */
  readonly plain: string;
  /** Address and port at which the same server answers HTTPS. */
  readonly secure: string;
  readonly hsts: string;
}

/** Variables with the addresses at which sites answer HTTP and HTTPS. */
export const addresses = { plain: "PB_PLAIN", secure: "PB_SECURE" } as const;

type Protocol = keyof typeof addresses;

const both: readonly Protocol[] = ["plain", "secure"];

/** A site as one virtual host; as one for each protocol when another server answers. `custom` is text of an admin. */
export function siteText(info: HostInfo, shape: SiteShape, values: SiteValues, custom?: string): string {
  const { kind } = shape;
  if (kind === "relay") return both.map((protocol) => relayText(info, protocol, values)).join("");
  return virtualHost(both, [
    ...nameLines(values),
    ...certificateLines(info, values),
    ...behaviour(info, { ...shape, kind }, values),
    ...policy(shape, values),
    ...(custom === undefined ? [] : [custom.replaceAll("\r\n", "\n")]),
  ]);
}

function virtualHost(protocols: readonly Protocol[], lines: readonly string[]): string {
  const at = protocols.map((protocol) => `\${${addresses[protocol]}}`).join(" ");
  return [`<VirtualHost ${at}>`, ...lines, "</VirtualHost>", ""].join("\n");
}

function nameLines({ aliases, name }: SiteValues): string[] {
  return [`ServerName ${name}`, ...aliases.map((names) => `ServerAlias ${names}`), "RewriteEngine On"];
}

function certificateLines(info: HostInfo, values: SiteValues): string[] {
  return [
    "SSLEngine on",
    `SSLCertificateFile ${quote(`${placesOf(info).certificates}/`).slice(0, -1)}${values.file}"`,
    // Says nothing to Apache. The text changes with the certificate, and so Apache reads it again.
    `<IfDefine PB_${values.seal}>`,
    "</IfDefine>",
  ];
}

function behaviour(info: HostInfo, shape: OwnShape, values: SiteValues): string[] {
  const probe = `ErrorDocument 200 "${values.name} ${values.mark}"`;
  switch (shape.kind) {
    case "suspended":
      return [probe, "RewriteOptions IgnoreInherit", ...ownRules(info), ...suspendedLines];
    case "redirect":
      return [probe, "RewriteOptions IgnoreInherit", ...ownRules(info), ...redirectLines(values)];
    case "site":
      return [probe, ...siteLines(info, shape, values)];
  }
}

/** True for callers on this host, in an expression. */
export function nearExpression(info: HostInfo): string {
  return ownNetworks(info)
    .map((network) => `-R '${network}'`)
    .join(" || ");
}

/**
 * The addresses that are the panel's in every site. They are answered before Apache looks for a file, so that no `.htaccess`
 * is read: what they answer is not the tenant's to say.
 */
export function ownRules(info: HostInfo): string[] {
  return [
    `RewriteCond expr "${nearExpression(info)}"`,
    "RewriteRule ^/\\.well-known/patchbay/site$ - [R=200,L]",
    "RewriteRule ^/\\.well-known/patchbay/(?:site|generation)$ - [R=404,L]",
  ];
}

/** Largest body of a request: 64 MB, eight digits. */
export const mostBytes = 67_108_864;

/** `LimitRequestBody` says nothing of a body that is passed on, unless it comes in chunks and is for a script. */
export const sizeRules = [
  `RewriteCond expr "%{HTTP:Content-Length} =~ /^0*[0-9]{9,}$/ || \
(%{HTTP:Content-Length} =~ /^0*([0-9]{8})$/ && $1 -gt ${mostBytes})"`,
  "RewriteRule ^ - [R=413,L]",
];

const suspendedLines = [
  "RewriteRule ^ - [R=503,L]",
  suspendedLine,
  "Header always set Retry-After 3600",
  "Header always set Cache-Control no-store",
];

/** `Redirect` adds what follows the address it is for, and the query: so every request is made one for exactly that. */
function redirectLines({ code, target }: SiteValues): string[] {
  return ["RewriteRule ^ / [PT,QSD]", `Redirect ${code} "/" ${target}`];
}

/** Marks requests that another server answers, and logs. Tenants cannot change it. */
export const relayAdmin = "relay@localhost";

/** The visitor's own protocol goes on to the other server, which so knows of HTTPS by its connection. */
function relayText(info: HostInfo, protocol: Protocol, values: SiteValues): string {
  const tls = protocol === "plain" ? [] : [...certificateLines(info, values), ...secureRelayLines];
  const to = `${protocol === "plain" ? "http" : "https"}://${values[protocol]}`;
  return virtualHost([protocol], [...nameLines(values), ...tls, ...relayLines(to)]);
}

/**
 * The certificate of the other server is not verified: the connection never leaves this host, and most sites have one that they
 * signed themselves. The name in the handshake is that of the preserved `Host`.
 */
const secureRelayLines = [
  "SSLProxyEngine on",
  "SSLProxyVerify none",
  "SSLProxyCheckPeerName off",
  "SSLProxyCheckPeerExpire off",
];

function relayLines(to: string): string[] {
  return [
    "RewriteOptions IgnoreInherit",
    ...sizeRules,
    `ServerAdmin ${relayAdmin}`,
    "AllowEncodedSlashes NoDecode",
    "ProxyPreserveHost On",
    "ProxyAddHeaders Off",
    // A client may name headers that are for the next server alone, and they are not passed on: not these.
    'RequestHeader edit* Connection "(?i)x-forwarded-[a-z]+" none',
    'RequestHeader set X-Forwarded-For "expr=%{REMOTE_ADDR}"',
    'RequestHeader set X-Forwarded-Proto "expr=%{REQUEST_SCHEME}"',
    // A connection of its own for each request: the other server closes idle ones when it is reloaded.
    `ProxyPass "/" "${to}/" nocanon upgrade=websocket disablereuse=on flushpackets=on connectiontimeout=5 timeout=180`,
  ];
}

function siteLines(info: HostInfo, { forced, scripts }: SiteShape, values: SiteValues): string[] {
  return [
    `DocumentRoot ${values.root}`,
    ...(forced ? forceLines(info) : []),
    ...(scripts ? [] : ["RewriteRule \\.php(?:/|$) - [F]"]),
    `<Directory ${values.root}>`,
    "  Require all granted",
    "</Directory>",
    ...(scripts ? scriptLines(info, values) : []),
  ];
}

function forceLines(info: HostInfo): string[] {
  const port = info.ports.https === 443 ? "" : `:${info.ports.https}`;
  return [
    "RewriteCond %{HTTPS} !=on",
    "RewriteCond %{REQUEST_URI} !^/\\.well-known/acme-challenge/",
    // As it came over the line: the decoded address may hold what means something in a URL.
    'RewriteCond %{THE_REQUEST} "^\\S+ (?:[a-zA-Z]+://[^/\\s]*)?(/\\S*)"',
    `RewriteRule ^ https://%{SERVER_NAME}${port}%1 [R=301,L,NE,QSD,NS,UnsafeAllow3F]`,
  ];
}

/** A script that is not there is not asked for: PHP-FPM would answer with a text of its own. */
function scriptLines(info: HostInfo, { socket }: SiteValues): string[] {
  const sockets = quote(`proxy:unix:${placesOf(info).sockets}/`).slice(0, -1);
  return [
    '<FilesMatch "\\.php$">',
    '  <If "-f %{REQUEST_FILENAME}">',
    `    SetHandler ${sockets}${socket}|fcgi://php"`,
    `    ${scriptGuard}`,
    "  </If>",
    "</FilesMatch>",
  ];
}

function policy({ hsts }: SiteShape, values: SiteValues): string[] {
  if (!hsts) return [];
  return [`Header always set Strict-Transport-Security "max-age=${values.hsts}" "expr=%{HTTPS} == 'on'"`];
}
