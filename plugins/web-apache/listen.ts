import { type HostInfo, type RenderedFile, type SidePorts, type Stand, sideAddress } from "@patchbay/sdk";
import { endpoint, ownNetworks } from "./places.ts";

/** All that depends on where Apache stands. */
export function listenFile(info: HostInfo, stand: Stand): RenderedFile {
  const own = pair(sideAddress, stand.ports);
  return {
    path: "snippets/listen.conf",
    content: stand.role === "front" ? `${own}${frontText(info)}` : `${own}${sideText(info)}`,
  };
}

function pair(address: string, ports: SidePorts): string {
  return `Listen ${endpoint(address, ports.http)}\nListen ${endpoint(address, ports.https)}\n`;
}

function frontText(info: HostInfo): string {
  const { address, ports } = info;
  const mapped = address.includes(":") ? address : `::ffff:${address}`;
  return `
# Shared with the server that hands over (SO_REUSEPORT): it gets every connection while both hold the ports, because its socket
# is the more exact one. Far fewer than one core to a set of sockets, so that there is one set: Apache closes the others at every
# reload, with the connections that wait in them.
ListenCoresBucketsRatio 4096
${pair(mapped, ports)}
# One virtual host answers on several ports: its own redirects name the one that was asked.
UseCanonicalPhysicalPort On
`;
}

/** Another server is the front and passes requests on. What it says of the client is believed when it comes from this host. */
function sideText(info: HostInfo): string {
  const { http, https } = info.ports;
  return `
RemoteIPHeader X-Forwarded-For
${ownNetworks(info)
  .map((network) => `RemoteIPInternalProxy ${network}`)
  .join("\n")}

# The port that visitors ask is the front's, never the one that is asked here: no script is told that one, and for redirects
# Apache takes the port out of \`Host\`, or else the usual one of the protocol.
UseCanonicalPhysicalPort Off
ProxyFCGISetEnvIf true SERVER_PORT ${http}
ProxyFCGISetEnvIf "%{HTTPS} == 'on'" SERVER_PORT ${https}
`;
}
