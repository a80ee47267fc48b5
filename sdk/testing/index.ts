export type { ApiAnswer, PanelUnderTest, TestMachine } from "../conformance/panel.ts";
export type { SiteAnswer } from "../conformance/site-request.ts";
export { conformancePanel, testMachine } from "./conformance-panel.ts";
export type { Ended } from "./ended.ts";
export {
  type Caller,
  type CallInput,
  type CallMethod,
  type PanelOptions,
  startPanel,
  type TestPanel,
} from "./start-panel.ts";
