import { join } from "node:path";
import { webConformance } from "@patchbay/sdk/conformance";
import { startConformancePanel, testMachine } from "../../test/harness/conformance-panel.ts";
import { fileStem } from "./record.ts";

webConformance({
  title: "nginx",
  option: "nginx",
  plugin: "web-nginx",
  service: "nginx",
  can: {
    aliases: true,
    internationalNames: true,
    longNames: true,
    redirects: true,
    pathInfo: true,
    ownLinks: true,
    ownNames: true,
    certificatesWithoutReload: true,
    customIncludes: {
      header: { content: "add_header X-Conformance passed always;", name: "X-Conformance", value: "passed" },
      refused: [
        "}",
        "location / {",
        "} server { listen 1; server_name bob.test; return 200 x;",
        "include /etc/passwd;",
        "listen 8080;",
        "server_name bob.test;",
        "error_log /tmp/x;",
        "disable_symlinks off;",
        "location / { proxy_pass http://unix:/var/run/docker.sock:/; }",
        "set $pb_root /;",
      ],
      broken: "no_such_directive on;",
    },
  },
  logs: (site) => ({ access: `${fileStem(site)}.access.log`, errors: `${fileStem(site)}.error.log` }),
  record: join(import.meta.dirname, "capabilities.json"),
  machine: testMachine,
  start: startConformancePanel,
});
