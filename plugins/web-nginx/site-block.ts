import type { HostInfo } from "@patchbay/sdk";
import { siteProbePath } from "@patchbay/web/contract";
import { placesOf } from "./places.ts";

/** Where the number of the last apply is answered, whatever the host is. */
export const generationPath = "/.well-known/patchbay/generation";

/** The header that tells browsers to come back over HTTPS only. Empty, so not sent, over HTTP and without a policy. */
export const policyHeader = "Strict-Transport-Security";
export const policyLine = `add_header ${policyHeader} $pb_policy always;`;

// Why some answers come from locations without `disable_symlinks`: before nginx 1.22 writes a log whose name holds a variable, it
// looks whether the root exists, and with `disable_symlinks` it does so wrongly for an address of more than one segment, unless
// a file was served. Nothing would be logged.

/** What a server block does to serve a site. */
export function siteFile(info: HostInfo): string {
  return `root $pb_root;
disable_symlinks if_not_owner from=$pb_home;
error_page 503 /.patchbay/suspended;
${policyLine}

set $pb_do $pb_answer;
if ($pb_file != $pb_due) { set $pb_do misdirected; }
if ($pb_do = unknown) { return 404; }
if ($pb_do = suspended) { return 503; }
if ($pb_do ~ "^(?:misdirected|secure|r30[12])$") { rewrite ^ /.patchbay/answer last; }

${answerLocations(info)}
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

function answerLocations(info: HostInfo): string {
  const port = info.ports.https === 443 ? "" : `:${info.ports.https}`;
  return `location = /.patchbay/answer {
  internal;
  disable_symlinks off;
  if ($pb_do = misdirected) { return 421; }
  if ($pb_do = secure) { return 301 https://$host${port}$request_uri; }
  if ($pb_do = r301) { return 301 $pb_tail; }
  if ($pb_do = r302) { return 302 $pb_tail; }
  return 404;
}

location = /.patchbay/suspended {
  internal;
  disable_symlinks off;
  default_type text/html;
  charset utf-8;
  ${policyLine}
  add_header Retry-After 3600 always;
  add_header Cache-Control no-store always;
  # Not the site's own: a script may ask for this address, and links are not checked here.
  root ${placesOf(info).tree}/pages;
  try_files /suspended.html =503;
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

/** For the shared server block alone: a site with text of its own may have error pages of its own, which would come second. */
export const refusalFile = `error_page 403 @pb_403;
error_page 404 @pb_404;
location @pb_403 { disable_symlinks off; return 403; }
location @pb_404 { disable_symlinks off; return 404; }
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
    ["REQUEST_SCHEME", "$pb_scheme"],
    ["HTTPS", "$pb_https if_not_empty"],
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
