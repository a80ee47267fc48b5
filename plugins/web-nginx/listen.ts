import { type HostInfo, type RenderedFile, type SidePorts, type Stand, sideAddress } from "@patchbay/sdk";
import { endpoint, placesOf } from "./places.ts";

/**
 * All that depends on where nginx stands: the sockets. In two forms, because nginx takes options of a socket from one server
 * block alone, while the blocks of sites with text of their own have to name the same sockets.
 */
export function listenFiles(info: HostInfo, stand: Stand): RenderedFile[] {
  return [
    { path: "snippets/listen-default.conf", content: listenLines(info, stand, true) },
    { path: "snippets/listen.conf", content: listenLines(info, stand, false) },
  ];
}

function listenLines(info: HostInfo, { role, ports }: Stand, isDefault: boolean): string {
  // On shared public ports another server and nginx can take over from each other without a gap.
  const publicOnes =
    role === "front" ? pair(info.address, info.ports, isDefault ? " default_server reuseport" : "") : "";
  return `${pair(sideAddress, ports, isDefault ? " default_server" : "")}${publicOnes}`;
}

function pair(address: string, ports: SidePorts, options: string): string {
  return `listen ${endpoint(address, ports.http)}${options};\nlisten ${endpoint(address, ports.https)} ssl http2${options};\n`;
}

/**
 * For the default server alone: nginx handles every TLS connection with that one's settings, and a block without settings
 * costs no memory for them.
 */
export function tlsFile(info: HostInfo): RenderedFile {
  const file = `${placesOf(info).certificates}/$pb_shown`;
  const suites = ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"].flatMap((suite) =>
    ["ECDSA", "RSA"].map((key) => `ECDHE-${key}-${suite}`),
  );
  return {
    path: "snippets/tls.conf",
    content: `# Read for each handshake. A name that nobody has leads to no file: the handshake is refused.
ssl_certificate ${file};
ssl_certificate_key ${file};
ssl_protocols TLSv1.2 TLSv1.3;
ssl_ciphers ${suites.join(":")};
ssl_session_cache shared:pb_tls:10m;
ssl_session_timeout 1h;
# nginx 1.22 makes the key of tickets once per reload and never rotates it: who learns it could read what was recorded.
ssl_session_tickets off;
`,
  };
}
