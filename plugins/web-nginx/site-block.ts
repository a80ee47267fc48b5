import type { HostInfo } from "@patchbay/sdk";
import { siteProbePath } from "@patchbay/web/contract";
import { pageLocations, suspendedPath } from "./pages.ts";
import { placesOf } from "./places.ts";
import { policyLine } from "./policy.ts";

/** Where the number of the last apply is answered, whatever the host is. */
export const generationPath = "/.well-known/patchbay/generation";

// Why some answers come from locations without `disable_symlinks`: before nginx 1.22 writes a log whose name holds a variable, it
// looks whether the root exists, and with `disable_symlinks` it does so wrongly for an address of more than one segment, unless
// a file was served. Nothing would be logged.

/** What a server block does to serve a site. */
export function siteFile(info: HostInfo): string {
  return `root $pb_root;
disable_symlinks if_not_owner from=$pb_home;
${policyLine}

# Nothing below, nor in the text of an admin, is for the page of an answer.
if ($pb_page) { break; }
set $pb_do $pb_answer;
if ($pb_file != $pb_due) { set $pb_do misdirected; }
if ($pb_do ~ "^(?:unknown|suspended|misdirected|secure|r30[12])$") { rewrite ^ /.patchbay/answer last; }

${answerLocation(info)}
${pageLocations(info)}
${probeLocations}
location ~ /\\.(?!well-known(?:/|$)) { return 404; }

location ~ ^(?<pb_script>.+?\\.php)(?<pb_path_info>/.*)?$ {
  if ($pb_socket = "") { return 403; }
  if (!-f $document_root$pb_script) { return 404; }
  rewrite ^ /.patchbay/script last;
}

location = /.patchbay/script {
  internal;
  disable_symlinks off;
  if ($pb_script = "") { return 404; }
  fastcgi_pass unix:${placesOf(info).sockets}/$pb_socket;
}
`;
}

function answerLocation(info: HostInfo): string {
  const port = info.ports.https === 443 ? "" : `:${info.ports.https}`;
  return `location = /.patchbay/answer {
  internal;
  disable_symlinks off;
  client_max_body_size 0;
  # Also where a site has pages of its own.
  error_page 503 ${suspendedPath};
  include snippets/pages.conf;
  if ($pb_do = misdirected) { return 421; }
  if ($pb_do = suspended) { return 503; }
  if ($pb_do = secure) { return 301 https://$host${port}$request_uri; }
  if ($pb_do = r301) { return 301 $pb_tail; }
  if ($pb_do = r302) { return 302 $pb_tail; }
  return 404;
}
`;
}

const probeLocations = `location = ${generationPath} {
  if ($pb_near = 0) { return 404; }
  default_type text/plain;
  access_log off;
  include generation.d/*.conf;
}

location = ${siteProbePath} {
  if ($pb_near = 0) { return 404; }
  if ($pb_site = "") { return 404; }
  default_type text/plain;
  access_log off;
  return 200 "$pb_site $pb_hash";
}
`;

/** Once for all sites: parameters inside a location are copied for each server block. */
export function fastcgiFile(): string {
  const parameters: readonly (readonly [string, string])[] = [
    ["QUERY_STRING", "$query_string"],
    ["REQUEST_METHOD", "$request_method"],
    ["CONTENT_TYPE", "$content_type"],
    ["CONTENT_LENGTH", "$content_length"],
    ["SCRIPT_NAME", "$pb_script"],
    ["SCRIPT_FILENAME", "$document_root$pb_script"],
    ["PATH_INFO", "$pb_path_info"],
    ["REQUEST_URI", "$request_uri"],
    ["DOCUMENT_URI", "$pb_script$pb_path_info"],
    ["DOCUMENT_ROOT", "$document_root"],
    ["SERVER_PROTOCOL", "$server_protocol"],
    ["REQUEST_SCHEME", "$scheme"],
    ["HTTPS", "$https if_not_empty"],
    ["GATEWAY_INTERFACE", "CGI/1.1"],
    ["SERVER_SOFTWARE", "nginx"],
    ["REMOTE_ADDR", "$pb_client"],
    ["REMOTE_PORT", "$remote_port"],
    ["SERVER_ADDR", "$server_addr"],
    ["SERVER_PORT", "$pb_port"],
    ["SERVER_NAME", "$host"],
    ["REDIRECT_STATUS", "200"],
    // A request header of this name must never become the proxy of a script.
    ["HTTP_PROXY", '""'],
  ];
  return `${parameters.map(([name, value]) => `fastcgi_param ${name} ${value};`).join("\n")}
fastcgi_buffer_size 32k;
fastcgi_buffers 16 16k;
fastcgi_connect_timeout 5s;
fastcgi_read_timeout 120s;
`;
}
