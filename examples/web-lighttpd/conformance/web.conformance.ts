import { webConformance } from "@patchbay/sdk/conformance";
import { conformancePanel, testMachine } from "@patchbay/sdk/testing";

webConformance({
  title: "lighttpd",
  option: "lighttpd",
  plugin: "web-lighttpd",
  service: "lighttpd",
  can: { aliases: true, internationalNames: true, longNames: true, redirects: true, pathInfo: true },
  logs: (site) => ({
    access: "access.log",
    errors: "error.log",
    isOwn: (line) => line.startsWith(`${site} `) || line.includes(`(lua-print) ${site} `),
  }),
  record: "capabilities.json",
  machine: testMachine,
  start: () => conformancePanel({ plugins: ["."] }),
});
