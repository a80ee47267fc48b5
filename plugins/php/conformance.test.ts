import { join } from "node:path";
import { phpConformance } from "@patchbay/sdk/conformance";
import { startConformancePanel, testMachine } from "../../test/harness/conformance-panel.ts";

phpConformance({
  title: "PHP-FPM",
  plugin: "php",
  service: "php-fpm",
  record: join(import.meta.dirname, "capabilities.json"),
  machine: testMachine,
  start: startConformancePanel,
});
