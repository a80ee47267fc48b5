import {
  type HostInfo,
  type RenderedFile,
  type ServerCertificate,
  type SidePorts,
  type Stand,
  sideAddress,
} from "@patchbay/sdk";
import { mimeTypes } from "./mime-types.ts";
import { answerPrefix, pageFiles, pageTypes } from "./pages.ts";
import { endpoint, nearNetworks, placesOf } from "./places.ts";
import { list, quote } from "./quote.ts";
import { answerScript, requestScript } from "./scripts.ts";

/**
 * What is there whatever the sites are. `certificate` is shown to those who ask for no name, or for one that nobody has. Paths
 * without a slash are below the configuration tree, where lighttpd is started and tested; what it opens for a request it wants to
 * have named from the root.
 */
export function baseFiles(info: HostInfo, stand: Stand, certificate: ServerCertificate): RenderedFile[] {
  const pem = `${certificate.privateKey.trimEnd()}\n${certificate.certificate.trimEnd()}\n`;
  return [
    { path: "lighttpd.conf", content: mainFile(info) },
    { path: "listen.conf", content: listenFile(info, stand) },
    { path: "mime-types.conf", content: `mimetype.assign = ${list(quoted({ ...mimeTypes, ...pageTypes() }))}\n` },
    { path: "scripts/request.lua", content: requestScript(info.ports, stand.ports) },
    { path: "scripts/answer.lua", content: answerScript },
    { path: "default.pem", content: pem, secret: true },
    ...pageFiles(),
  ];
}

function mainFile(info: HostInfo): string {
  const { log, state, tree } = placesOf(info);
  return `server.modules = (
  "mod_extforward", "mod_openssl", "mod_setenv", "mod_magnet", "mod_indexfile",
  "mod_fastcgi", "mod_staticfile", "mod_accesslog"
)
server.compat-module-load = "disable"

# A reload starts the new lighttpd in the place of the old one, which goes on with what it has begun.
server.feature-flags = ( "server.graceful-restart-bg" => "enable", "server.graceful-shutdown-timeout" => 10 )
server.systemd-socket-activation = "enable"
server.max-fds = 16384
server.max-connections = 4096
server.max-keep-alive-idle = 15
server.max-read-idle = 60
server.max-write-idle = 180
server.max-request-size = 65536
server.stream-response-body = 2
server.upload-dirs = ( ${quote(state)} )
server.tag = "lighttpd"

# A path is what it means before anything is decided by it. An escaped slash stays one.
server.http-parseopts = (
  "header-strict" => "enable", "host-strict" => "enable", "host-normalize" => "enable",
  "url-normalize-unreserved" => "enable", "url-normalize-required" => "enable", "url-ctrls-reject" => "enable",
  "url-path-dotseg-remove" => "enable", "url-path-2f-decode" => "disable", "url-invalid-utf8-reject" => "disable"
)

# No link is followed, whoever made it, and nothing that was looked at is believed later.
server.follow-symlink = "disable"
server.stat-cache-engine = "disable"
server.document-root = "/nonexistent"
server.errorfile-prefix = ${quote(`${tree}/${answerPrefix}`)}
index-file.names = ( "index.php", "index.html", "index.htm" )
# A script that is not run is not shown either.
static-file.exclude-extensions = ( ".php" )
static-file.disable-pathinfo = "enable"
include "mime-types.conf"

magnet.attract-raw-url-to = ( ${quote(`${tree}/scripts/request.lua`)} )
magnet.attract-response-start-to = ( ${quote(`${tree}/scripts/answer.lua`)} )

server.errorlog = ${quote(`${log}/error.log`)}
accesslog.filename = ${quote(`${log}/access.log`)}
accesslog.format = "%{PB_SITE}e %a - %u %t \\"%r\\" %>s %b \\"%{Referer}i\\" \\"%{User-Agent}i\\" %{Host}i %D"
$HTTP["url"] =^ "/.well-known/patchbay/" { accesslog.filename = "" }

ssl.pemfile = "default.pem"
ssl.openssl.ssl-conf-cmd = ( "MinProtocol" => "TLSv1.2", "CipherString" => ${quote(cipherSuites)} )
include "listen.conf"
${nearNetworks(info)
  .map((network) => `$HTTP["remoteip"] == ${quote(network)} { setenv.add-environment = ( "PB_NEAR" => "1" ) }`)
  .join("\n")}

include "generation.d/*.conf"
include "sites.d/*/*.conf"

# The admin's own. The panel never looks at it.
include "local.d/*.conf"
`;
}

const cipherSuites = ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"]
  .flatMap((suite) => [`ECDHE-ECDSA-${suite}`, `ECDHE-RSA-${suite}`])
  .join(":");

/** All that depends on where lighttpd stands. On its side ports another server of this host says who asks. */
function listenFile(info: HostInfo, { role, ports }: Stand): string {
  const trusted = list(quoted(Object.fromEntries(nearNetworks(info).map((network) => [network, "trust"]))));
  const believed = `extforward.forwarder = ${trusted}
  extforward.headers = ( "X-Forwarded-For" )`;
  return `server.bind = ${quote(sideAddress)}
server.port = ${ports.http}
$SERVER["socket"] == ${quote(endpoint(sideAddress, ports.http))} {
  ${believed}
}
$SERVER["socket"] == ${quote(endpoint(sideAddress, ports.https))} {
  ssl.engine = "enable"
  ${believed}
}
${role === "front" ? publicSockets(info.address, info.ports) : ""}`;
}

function publicSockets(address: string, ports: SidePorts): string {
  return `$SERVER["socket"] == ${quote(endpoint(address, ports.http))} { }
$SERVER["socket"] == ${quote(endpoint(address, ports.https))} { ssl.engine = "enable" }
`;
}

function quoted(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, quote(text)]));
}
