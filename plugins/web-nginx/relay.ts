/** What the relay sends, at the level of `http`. */
export function relayMapsFile(): string {
  return `# As it was asked, but only when it names the host the certificate was checked for: a request line may name another.
map "$host $http_host" $pb_asked { default $host; "~*^([^ ]+) (?<pb_asked_v>\\1\\.?(?::[0-9]*)?)$" $pb_asked_v; }

# Nothing but web sockets: whoever speaks to a side server in another protocol could claim any address and host.
map $http_upgrade $pb_upgrade { default ""; "~*^websocket$" websocket; }
map $pb_upgrade $pb_connection { default close; websocket upgrade; }

# The side server's address for the visitor's own protocol, so that the side knows of HTTPS by its connection.
map "$scheme $pb_tail" $pb_upstream { default ""; "~^([^ ]+) (?:[^ ]+ )?(?<pb_upstream_v>\\1://[^ ]+)" $pb_upstream_v; }
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
  proxy_pass $pb_upstream$request_uri;
  proxy_http_version 1.1;
  proxy_set_header Host $pb_asked;
  proxy_set_header Connection $pb_connection;
  proxy_set_header Upgrade $pb_upgrade;
  proxy_set_header X-Forwarded-For $pb_client;
  proxy_set_header X-Forwarded-Proto $scheme;
  # The side server wants the site's name in the handshake. Its certificate is not verified: the connection never leaves this
  # host, and most sites have one that they signed themselves. Nor is a session kept, which would be one of another site.
  proxy_ssl_server_name on;
  proxy_ssl_name $host;
  proxy_ssl_protocols TLSv1.2 TLSv1.3;
  proxy_ssl_session_reuse off;
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
