import type { PanelUnderTest } from "@patchbay/sdk/conformance";
import { conformancePanel } from "@patchbay/sdk/testing";
import { checkout } from "./checkout.ts";

export { testMachine } from "@patchbay/sdk/testing";

/** Starts the checkout's own panel for a conformance suite. */
export function startConformancePanel(): Promise<PanelUnderTest> {
  return conformancePanel({ kernel: checkout });
}
