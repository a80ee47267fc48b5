import { kernelTest } from "./kernel-test.ts";
import type { Template } from "./template.ts";

/** A plugin that declares nothing. */
export const emptyTemplate: Template = {
  manifest: () => ({}),
  files: ({ id }) => ({
    "src/index.ts": `import { definePlugin } from "@patchbay/sdk";

export default definePlugin(() => {
  // What is declared here is the plugin: to.operation(…), to.tap(…), to.provider(…), to.pluginSetting(…)
});
`,
    "test/kernel.test.ts": kernelTest(id),
  }),
  readme: () => "It declares nothing yet: `src/index.ts` is where that begins.\n",
};
