/** A test that starts a real panel with the plugin in it. `cases` are more cases, each with two spaces before. */
export function kernelTest(id: string, cases = ""): string {
  return `import { startPanel, type TestPanel } from "@patchbay/sdk/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

let panel: TestPanel;

beforeAll(async () => {
  panel = await startPanel({ plugins: ["."] });
}, 120_000);
afterAll(() => panel?.stop());

describe("${id} in a real panel", () => {
  it("is active", async () => {
    const { data } = await panel.call("GET", "plugins/list");
    const own = (data as { id: string; state: string }[]).find((plugin) => plugin.id === "${id}");
    expect(own?.state).toBe("active");
  });
${cases}});
`;
}
