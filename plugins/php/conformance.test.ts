import { phpConformance } from "@patchbay/sdk/conformance";
import { startConformancePanel, testMachine } from "../../test/harness/conformance-panel.ts";

phpConformance({
  title: "PHP-FPM",
  plugin: "php",
  service: "php-fpm",
  machine: testMachine,
  start: startConformancePanel,
});
