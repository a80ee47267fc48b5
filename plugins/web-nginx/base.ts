import type { HostInfo, RenderedFile, Stand } from "@patchbay/sdk";
import { listenFiles, tlsFile } from "./listen.ts";
import { mapsFile } from "./maps.ts";
import { pageFiles, pagesFile } from "./pages.ts";
import { ownNetworks, placesOf } from "./places.ts";
import { relayFile, relayMapsFile } from "./relay.ts";
import { fastcgiFile, siteFile } from "./site-block.ts";

/** What is there whatever the sites are. */
export function baseFiles(info: HostInfo, stand: Stand): RenderedFile[] {
  return [
    { path: "nginx.conf", content: mainFile(info) },
    ...listenFiles(info, stand),
    tlsFile(info),
    { path: "snippets/fastcgi.conf", content: fastcgiFile() },
    { path: "snippets/records.conf", content: mapsFile(info) },
    { path: "snippets/relay-maps.conf", content: relayMapsFile() },
    { path: "snippets/relay.conf", content: relayFile },
    { path: "snippets/site.conf", content: siteFile(info) },
    { path: "snippets/pages.conf", content: pagesFile },
    ...pageFiles(),
  ];
}

function mainFile(info: HostInfo): string {
  const { run, log } = placesOf(info);
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
${commonSettings(info)}
  include snippets/records.conf;
  include snippets/relay-maps.conf;
  include snippets/fastcgi.conf;

  log_format pb_site '$pb_client - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                     '"$http_referer" "$http_user_agent" $host $request_time';
  open_log_file_cache max=1000 inactive=20s valid=1m;
  access_log ${log}/$pb_log.access.log pb_site if=$pb_logged;
  access_log ${log}/$pb_log.error.log pb_site if=$pb_failed;

  server {
    include snippets/listen-default.conf;
    include snippets/tls.conf;
    server_name _;
    include snippets/site.conf;
    include snippets/pages.conf;
    include snippets/relay.conf;
  }

  include sites.d/*/*.conf;

  # The admin's own. The panel never looks at it.
  include local.d/*.conf;
}
`;
}

function commonSettings(info: HostInfo): string {
  const { state } = placesOf(info);
  return `  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  server_tokens off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 30s;
  client_max_body_size 64m;
  absolute_redirect off;
  index index.php index.html index.htm;

  # nginx believes a relay on every port; the variables of records.conf do so on the side ports alone.
  real_ip_header X-Forwarded-For;
${ownNetworks(info)
  .map((network) => `  set_real_ip_from ${network};`)
  .join("\n")}

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
`;
}
