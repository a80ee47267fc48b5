import type { HostInfo, RenderedFile } from "@patchbay/sdk";
import { dollarVariable, quote } from "./quote.ts";
import { recordFields } from "./record.ts";

const pluginId = "web-nginx";

/** Directories of this plugin on the host. Absolute. */
export interface Places {
  /** Configuration tree. */
  readonly tree: string;
  readonly run: string;
  readonly log: string;
  readonly state: string;
  /** The host's run directory, below which the sockets of PHP lie. */
  readonly sockets: string;
}

export function placesOf(info: HostInfo): Places {
  const { etc, run, log, state } = info.paths;
  const own = (path: string) => `${path}/${pluginId}`;
  return { tree: own(etc), run: own(run), log: own(log), state: own(state), sockets: run };
}

/** Address and port the sites are served on. */
export function listenAddress(info: HostInfo): string {
  const address = info.address.includes(":") ? `[${info.address}]` : info.address;
  return `${address}:${info.ports.http}`;
}

/** What is there whatever the sites are. */
export function baseFiles(info: HostInfo): RenderedFile[] {
  return [
    { path: "nginx.conf", content: mainFile(info) },
    { path: "snippets/fastcgi.conf", content: fastcgiFile() },
    { path: "snippets/records.conf", content: recordsFile(info) },
    { path: "snippets/site.conf", content: siteFile(placesOf(info)) },
    { path: "pages/suspended.html", content: suspendedPage },
  ];
}

function mainFile(info: HostInfo): string {
  const { run, log, state } = placesOf(info);
  return `worker_processes auto;
worker_rlimit_nofile 16384;
worker_shutdown_timeout 10s;
pcre_jit on;
pid ${run}/nginx.pid;
lock_file ${run}/nginx.lock;
error_log ${log}/error.log warn;

events {
  worker_connections 4096;
}

http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  server_tokens off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 30s;
  client_max_body_size 64m;
  absolute_redirect off;
  index index.php index.html index.htm;

  client_body_temp_path ${state}/client-body;
  fastcgi_temp_path ${state}/fastcgi;
  proxy_temp_path ${state}/proxy;
  scgi_temp_path ${state}/scgi;
  uwsgi_temp_path ${state}/uwsgi;

  # A name may have 253 characters; one that does not fit would stop every site.
  map_hash_bucket_size 512;
  map_hash_max_size 262144;
  server_names_hash_bucket_size 512;
  server_names_hash_max_size 65536;
  variables_hash_bucket_size 128;

  include snippets/records.conf;
  include snippets/fastcgi.conf;

  log_format pb_site '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                     '"$http_referer" "$http_user_agent" $host $request_time';
  open_log_file_cache max=1000 inactive=20s valid=1m;
  access_log ${log}/$pb_log.access.log pb_site if=$pb_site;
  access_log ${log}/$pb_log.error.log pb_site if=$pb_failed;

  server {
    listen ${listenAddress(info)} default_server;
    server_name _;
    include snippets/site.conf;
  }

  include sites.d/*/*.conf;
}
`;
}

function recordsFile(info: HostInfo): string {
  const unpack = recordFields.map((field, at) => {
    const fallback = field === "action" ? "unknown" : '""';
    return `map $pb_record $pb_${field} { default ${fallback}; "~(?s)^(?:[^|]*\\|){${at}}(?<pb_v${at}>${
      field === "tail" ? ".*" : "[^|]*"
    })" $pb_v${at}; }`;
  });
  return `geo $${dollarVariable} { default "$"; }
geo $pb_near { default 0; 127.0.0.0/8 1; ::1 1; ${info.address} 1; }

map $host $pb_record { default ""; include hosts.d/*/*.map; }
${unpack.join("\n")}

map $pb_action $pb_root { default ${quote(`${placesOf(info).tree}/pages`)}; site $pb_tail; }
map "$pb_site $status" $pb_failed { default 0; "~^[^ ]+ [45]" 1; }

# Addresses that are answered whatever the site's state is. Both change when nginx redirects to its own error page.
map $uri $pb_own { volatile; default ""; "~^/\\.well-known/patchbay/(?:generation|site)$" 1; "~^/\\.patchbay/suspended$" 1; }
map $pb_own $pb_answer { volatile; default $pb_action; 1 ""; }
`;
}

function siteFile(places: Places): string {
  return `root $pb_root;
disable_symlinks if_not_owner from=$pb_home;
error_page 503 /.patchbay/suspended;

if ($pb_answer = unknown) { return 404; }
if ($pb_answer = suspended) { return 503; }
if ($pb_answer = r301) { return 301 $pb_tail; }
if ($pb_answer = r302) { return 302 $pb_tail; }

location = /.patchbay/suspended {
  internal;
  disable_symlinks off;
  default_type text/html;
  charset utf-8;
  add_header Retry-After 3600 always;
  add_header Cache-Control no-store always;
  alias pages/suspended.html;
}

location = /.well-known/patchbay/generation {
  if ($pb_near = 0) { return 404; }
  default_type text/plain;
  access_log off;
  include generation.d/*.conf;
}

location = /.well-known/patchbay/site {
  if ($pb_near = 0) { return 404; }
  if ($pb_site = "") { return 404; }
  default_type text/plain;
  access_log off;
  return 200 "$pb_site $pb_hash";
}

location ~ /\\.(?!well-known(?:/|$)) { return 404; }

location ~ ^(?<pb_script>.+?\\.php)(?<pb_path_info>/.*)?$ {
  if ($pb_socket = "") { return 403; }
  if (!-f $document_root$pb_script) { return 404; }
  fastcgi_pass unix:${places.sockets}/$pb_socket;
}
`;
}

function fastcgiFile(): string {
  const parameters: readonly (readonly [string, string])[] = [
    ["QUERY_STRING", "$query_string"],
    ["REQUEST_METHOD", "$request_method"],
    ["CONTENT_TYPE", "$content_type"],
    ["CONTENT_LENGTH", "$content_length"],
    ["SCRIPT_NAME", "$pb_script"],
    ["SCRIPT_FILENAME", "$document_root$pb_script"],
    ["PATH_INFO", "$pb_path_info"],
    ["REQUEST_URI", "$request_uri"],
    ["DOCUMENT_URI", "$document_uri"],
    ["DOCUMENT_ROOT", "$document_root"],
    ["SERVER_PROTOCOL", "$server_protocol"],
    ["REQUEST_SCHEME", "$scheme"],
    ["HTTPS", "$https if_not_empty"],
    ["GATEWAY_INTERFACE", "CGI/1.1"],
    ["SERVER_SOFTWARE", "nginx"],
    ["REMOTE_ADDR", "$remote_addr"],
    ["REMOTE_PORT", "$remote_port"],
    ["SERVER_ADDR", "$server_addr"],
    ["SERVER_PORT", "$server_port"],
    ["SERVER_NAME", "$host"],
    ["REDIRECT_STATUS", "200"],
    // A request header of this name must never become the proxy of a script.
    ["HTTP_PROXY", '""'],
  ];
  const lines = parameters.map(([name, value]) => `fastcgi_param ${name} ${value};`);
  return `# Here once for all sites: parameters inside a location are copied for each of them.
${lines.join("\n")}
fastcgi_buffer_size 32k;
fastcgi_buffers 16 16k;
fastcgi_connect_timeout 5s;
fastcgi_read_timeout 120s;
`;
}

const suspendedPage = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Suspended</title><meta name="robots" content="noindex"></head>
<body><h1>This site is suspended</h1><p>Please contact the provider of this site.</p></body>
</html>
`;
