import { type HostInfo, type RenderedFile, type ServerCertificate, type Stand, sideAddress } from "@patchbay/sdk";
import { directoryText } from "./htaccess.ts";
import { listenFile } from "./listen.ts";
import { macrosText } from "./macros.ts";
import { moduleLines } from "./modules.ts";
import { pagesText } from "./pages.ts";
import { endpoint, type Places, placesOf } from "./places.ts";
import { dollarVariable, quote } from "./quote.ts";
import { addresses, mostBytes, nearExpression, ownRules, relayAdmin, sizeRules } from "./site-text.ts";

/** What is there whatever the sites are. `certificate` is shown to those who ask for no name, or for one that nobody has. */
export function baseFiles(info: HostInfo, stand: Stand, certificate: ServerCertificate): RenderedFile[] {
  return [
    { path: "apache2.conf", content: mainFile(info, stand) },
    listenFile(info, stand),
    { path: "snippets/tls.conf", content: tlsText(placesOf(info)) },
    { path: "snippets/directories.conf", content: directoryText(placesOf(info).homes) },
    { path: "snippets/nobody.conf", content: nobodyText(info) },
    { path: "snippets/pages.conf", content: pagesText() },
    { path: "snippets/macros.conf", content: macrosText(info) },
    {
      path: "default.pem",
      content: `${certificate.privateKey.trimEnd()}\n${certificate.certificate.trimEnd()}\n`,
      secret: true,
    },
  ];
}

function mainFile(info: HostInfo, stand: Stand): string {
  const { http, https } = info.ports;
  // The address instead of an asterisk: Apache asks the kernel for all of its addresses at every asterisk.
  const at = (open: number, side: number) => `${endpoint(info.address, open)} ${endpoint(sideAddress, side)}`;
  const plain = at(http, stand.ports.http);
  const secure = at(https, stand.ports.https);
  return `# Older ones let whoever writes a .htaccess read any file, and harm the memory of the server.
<IfVersion < 2.4.69>
  Error "Apache 2.4.69 or newer is needed."
</IfVersion>

${moduleLines}

Define ${dollarVariable} "$"
Define ${addresses.plain} "${plain}"
Define ${addresses.secure} "${secure}"

${processText(placesOf(info))}
${answerText}
${logText(placesOf(info))}
Include snippets/pages.conf
Include snippets/tls.conf
Include snippets/directories.conf

# For every site, before its own. A site that is suspended, redirects or is passed on has none of them.
RewriteEngine On
RewriteOptions InheritDownBefore
${ownRules(info).join("\n")}
${sizeRules.join("\n")}
${hiddenRules}
Include snippets/listen.conf

# The first on their ports: they answer whoever asks for no name, or for one that nobody has.
<VirtualHost ${plain}>
  Include snippets/nobody.conf
</VirtualHost>
<VirtualHost ${secure}>
  SSLEngine on
  SSLCertificateFile default.pem
  Include snippets/nobody.conf
</VirtualHost>

Include snippets/macros.conf
IncludeOptional sites.d/*/*.conf
IncludeOptional own.d/*/*.conf

# The admin's own. The panel never looks at it.
IncludeOptional local.d/*.conf
`;
}

const hidden = "/\\.(?!well-known(?:/|$))";

/** Apache leaves a rule with a status out when it looks for an index or a fallback, which tenants name. */
const hiddenRules = `RewriteRule ${hidden} - [R=404,L]\nRewriteRule ${hidden} - [F]`;

function processText({ log, run }: Places): string {
  return `ServerName localhost
DefaultRuntimeDir ${quote(run)}
PidFile ${quote(`${run}/apache2.pid`)}
Mutex ${quote(`file:${run}`)} default
ErrorLog ${quote(`${log}/error.log`)}
# Of certificates it would say for each site, whenever it reads them, that nobody has signed them.
LogLevel warn ssl:error

# A process that is told to end goes on with what it has begun, and keeps its place: hence far more places than processes.
ServerLimit 64
StartServers 2
ThreadsPerChild 64
MaxRequestWorkers 1024
MinSpareThreads 64
MaxSpareThreads 256
GracefulShutdownTimeout 10
`;
}

const answerText = `Timeout 60
ProxyTimeout 120
KeepAliveTimeout 15
MaxKeepAliveRequests 1000
LimitRequestBody ${mostBytes}
Protocols h2 http/1.1
TypesConfig /etc/mime.types
DirectoryIndex index.php index.html index.htm
ServerTokens Prod
ServerSignature Off
TraceEnable Off
FileETag MTime Size
# A file that is cut short while it is sent from memory would end the process, and the requests of others with it.
EnableMMAP Off
EnableSendfile On
RedirectRelative On
# A request header of this name must never become the proxy of a script.
RequestHeader unset Proxy early
`;

/** One file for all sites: Apache opens every log when it starts, and thousands of them would be too many. */
function logText({ log }: Places): string {
  const relayed = `%{SERVER_ADMIN} == '${relayAdmin}'`;
  const quiet = "%{REQUEST_URI} =~ m#^/\\.well-known/patchbay/#";
  const lost = "%{REQUEST_STATUS} -ge 502 && %{REQUEST_STATUS} -le 504";
  const failed = `(!(${relayed}) && %{REQUEST_STATUS} -ge 400) || (${relayed} && ${lost})`;
  return `ErrorLogFormat "[%{cu}t] [%-m:%l] [pid %P] %v %a %E %M"
LogFormat "%v %a - %u %t \\"%r\\" %>s %B \\"%{Referer}i\\" \\"%{User-Agent}i\\" %{Host}i %D" pb_site
CustomLog ${quote(`${log}/access.log`)} pb_site "expr=!(${relayed}) && !(${quiet})"
CustomLog ${quote(`${log}/failed.log`)} pb_site "expr=(${failed}) && !(${quiet})"
`;
}

function tlsText({ run }: Places): string {
  const suites = ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"].flatMap((suite) =>
    ["ECDSA", "RSA"].map((key) => `ECDHE-${key}-${suite}`),
  );
  return `SSLProtocol -all +TLSv1.2 +TLSv1.3
SSLCipherSuite ${suites.join(":")}
SSLSessionCache ${quote(`shmcb:${run}/tls-sessions(4194304)`)}
SSLSessionCacheTimeout 3600
# The keys of tickets are made when Apache reads its configuration and never rotated: who learns one could read what was recorded.
SSLSessionTickets Off
SSLVHostSNIPolicy strict
`;
}

function nobodyText(info: HostInfo): string {
  return `ServerName nobody.invalid
CustomLog /dev/null pb_site
RewriteEngine On
RewriteOptions IgnoreInherit
IncludeOptional generation.d/*.conf
RewriteCond expr "${nearExpression(info)}"
RewriteRule ^/\\.well-known/patchbay/generation$ - [R=200,L]
RewriteRule ^ - [R=404,L]
`;
}
