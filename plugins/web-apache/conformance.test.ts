import { join } from "node:path";
import { webConformance } from "@patchbay/sdk/conformance";
import { startConformancePanel, testMachine } from "../../test/harness/conformance-panel.ts";

webConformance({
  title: "Apache",
  option: "apache",
  plugin: "web-apache",
  service: "apache",
  can: {
    aliases: true,
    internationalNames: true,
    longNames: true,
    redirects: true,
    pathInfo: true,
    ownLinks: true,
    ownNames: true,
    htaccess: true,
    customIncludes: {
      header: { content: "Header always set X-Conformance passed", name: "X-Conformance", value: "passed" },
      refused: [
        "</VirtualHost>",
        '<Location "/">',
        "</VirtualHost>\n<VirtualHost *:1>\nServerName bob.test",
        "Include /etc/passwd",
        "Listen 8080",
        "ServerAlias bob.test",
        "ErrorLog /tmp/x",
        "Options FollowSymLinks",
        "ProxyPass / unix:/var/run/docker.sock|http://x/",
        "RequestHeader unset Max-Forwards",
      ],
      broken: "Header frobnicate X-Conformance failed",
    },
  },
  logs: (site) => ({
    access: "access.log",
    errors: "failed.log",
    isOwn: (line) => line.startsWith(`${site} `),
  }),
  record: join(import.meta.dirname, "capabilities.json"),
  machine: testMachine,
  start: startConformancePanel,
});
