/** What the relay sends, at the level of `http`. */
export function relayMapsFile(): string {
  return `# As it was asked, but only when it names the host the certificate was checked for: a request line may name another.
map "$host $http_host" $pb_asked { default $host; "~*^([^ ]+) (?<pb_asked_v>\\1\\.?(?::[0-9]*)?)$" $pb_asked_v; }

# Nothing but web sockets: whoever speaks to a side server in another protocol could claim any address and host.
map $http_upgrade $pb_upgrade { default ""; "~*^websocket$" websocket; }
map $pb_upgrade $pb_connection { default close; websocket upgrade; }
`;
}

/**
 * The shared server block's part for sites that another server answers. It decides before any location is looked for, so that
 * every address of such a site goes the same way.
 */
export const relayFile = `if ($pb_do = relay) { rewrite ^ /.patchbay/relay last; }

location = /.patchbay/relay {
  internal;
  disable_symlinks off;
  # A script may ask for any internal address.
  if ($pb_action != relay) { return 404; }
  proxy_pass http://$pb_tail$request_uri;
  proxy_http_version 1.1;
  proxy_set_header Host $pb_asked;
  proxy_set_header Connection $pb_connection;
  proxy_set_header Upgrade $pb_upgrade;
  proxy_set_header X-Forwarded-For $pb_client;
  proxy_set_header X-Forwarded-Proto $pb_scheme;
  proxy_redirect off;
  proxy_buffering off;
  proxy_buffer_size 32k;
  proxy_buffers 8 32k;
  # Meant for the side server, if for anyone.
  proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;
  proxy_connect_timeout 5s;
  # Longer than a side server waits for a script, so that its own answer arrives.
  proxy_read_timeout 180s;
  proxy_send_timeout 180s;
}
`;
