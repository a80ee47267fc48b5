import type { HostInfo } from "@patchbay/sdk";
import { siteProbePath } from "@patchbay/web/contract";
import { pagesPath } from "./pages.ts";
import { ownNetworks, placesOf } from "./places.ts";
import { dollarVariable, quote } from "./quote.ts";
import { recordFields, separator } from "./record.ts";
import { generationPath } from "./site-block.ts";

/** Every variable the server blocks decide by. */
export function mapsFile(info: HostInfo): string {
  return `geo $${dollarVariable} { default "$"; }

${visitorMaps(info)}
${recordMaps()}
${answerMaps(info)}`;
}

/** Who asks, which a relay of this host says on the side ports, and the connection anywhere else; and which public port was asked. */
function visitorMaps(info: HostInfo): string {
  const { http, https } = info.ports;
  const own = ownNetworks(info)
    .map((network) => `${network} 1;`)
    .join(" ");
  return `geo $realip_remote_addr $pb_itself { default 0; ${own} }
map "$server_port $pb_itself" $pb_client {
  default $remote_addr;
  "${http} 1" $realip_remote_addr;
  "${https} 1" $realip_remote_addr;
}
geo $pb_client $pb_near { default 0; ${own} }
map $scheme $pb_port { default ${http}; https ${https}; }
`;
}

function recordMaps(): string {
  const unpack = recordFields.map((field, at) =>
    fieldMap({ from: "pb_record", to: `pb_${field}`, at, fallback: field === "action" ? "unknown" : '""' }),
  );
  const shown = { from: "pb_shown_record", to: "pb_shown", at: recordFields.indexOf("file"), fallback: '""' };
  return `map $host $pb_record { default ""; include hosts.d/*/*.map; }
${unpack.join("\n")}

# The certificate that is shown, and the one that must be: a name is only answered under a certificate of its own.
map $ssl_server_name $pb_shown_record { default ""; include hosts.d/*/*.map; }
${fieldMap(shown)}
map $https $pb_due { default $pb_file; on $pb_shown; }
`;
}

interface Field {
  readonly from: string;
  readonly to: string;
  readonly at: number;
  readonly fallback: string;
}

function fieldMap({ from, to, at, fallback }: Field): string {
  const value = at === recordFields.length - 1 ? ".*" : `[^${separator}]*`;
  const before = `(?:[^${separator}]*\\${separator}){${at}}`;
  return `map $${from} $${to} { default ${fallback}; "~(?s)^${before}(?<${to}_v>${value})" $${to}_v; }`;
}

/** A pattern, because nginx compares plain keys of a map regardless of case. */
function exactly(path: string): string {
  return `"~^${path.replaceAll(".", "\\.")}$"`;
}

function answerMaps(info: HostInfo): string {
  const pages = quote(`${placesOf(info).tree}/pages`);
  return `map $pb_action $pb_root { default ${pages}; site $pb_tail; forced $pb_tail; }
map "$scheme $pb_hsts" $pb_policy { default ""; "~^https (?<pb_age>[0-9]+)$" "max-age=$pb_age"; }

# A relayed site is logged by the server that answers; only what never got there is logged here.
map $pb_action $pb_logged { default 1; unknown 0; relay 0; }
map "$pb_logged $pb_action $status" $pb_failed { default 0; "~^1 [^ ]+ [45]" 1; "~^0 relay 50[24]$" 1; }

# While nginx fetches the page of an answer of its own there is a status already. A visitor's request has none.
map "$status $uri" $pb_page { volatile; default 0; "~^[345][0-9][0-9] ${pagesPath.replaceAll(".", "\\.")}" 1; }

# Addresses that are answered whatever the site's state is. All change when an admin's text redirects to an error page.
map $uri $pb_path {
  volatile;
  default "";
  ${exactly(generationPath)} own;
  ${exactly(siteProbePath)} probe;
  "~^/\\.well-known/acme-challenge/" challenge;
}
map "$pb_path $pb_action $scheme" $pb_answer {
  volatile;
  default $pb_action;
  "~^own " "";
  "~^probe (?!relay )" "";
  "~^ forced http$" secure;
}
`;
}
