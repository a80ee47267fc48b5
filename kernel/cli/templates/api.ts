import { kernelTest } from "./kernel-test.ts";
import type { Template, TemplateFacts } from "./template.ts";

/** Operations are named `<resource>.<action>`, without digits. */
export function resourceOf(id: string): string {
  return (
    id
      .replace(/[0-9]+/g, "")
      .replace(/-+/g, "-")
      .replace(/-$/, "") || "notes"
  );
}

const operations = ({ id }: TemplateFacts) => `import { defineChange, defineQuery, Store, text } from "@patchbay/sdk";
import * as v from "@patchbay/sdk/valibot";

const note = v.strictObject({ name: v.string(), text: v.string() });
const prefix = "note/";

/** GET /api/${resourceOf(id)}/list */
export const listNotes = defineQuery({
  id: "${resourceOf(id)}.list",
  summary: "The notes",
  access: { callers: ["admin"] },
  rate: "standard",
  input: v.strictObject({}),
  output: v.array(note),
  handle: async (_input, ctx) => {
    const store = ctx.use(Store);
    const keys = await store.keys(prefix);
    return Promise.all(
      keys.map(async (key) => ({ name: key.slice(prefix.length), text: String((await store.get(key)) ?? "") })),
    );
  },
});

/** POST /api/${resourceOf(id)}/save */
export const saveNote = defineChange({
  id: "${resourceOf(id)}.save",
  method: "POST",
  summary: "Keep a note",
  access: { callers: ["admin"] },
  rate: "standard",
  input: v.strictObject({ name: text(1, 50), text: text(1, 1000) }),
  output: note,
  handle: async (input, ctx) => {
    // The store is not part of the change's transaction, so a dry run must leave it alone.
    if (!ctx.dryRun) await ctx.use(Store).put(prefix + input.name, input.text);
    return input;
  },
});
`;

const cases = (resource: string) => `
  it("keeps notes, for admins alone", async () => {
    const saved = await panel.call("POST", "${resource}/save", { name: "first", text: "hello" });
    expect(saved.status, saved.text).toBe(200);
    expect((await panel.call("GET", "${resource}/list")).data).toEqual([{ name: "first", text: "hello" }]);

    const login = { username: "ada", email: "ada@example.org", password: "long enough for a holder" };
    await panel.call("POST", "accounts/create", { ...login, domain: "ada.test" });
    const ada = await panel.login("ada", login.password);
    expect((await ada.call("GET", "${resource}/list")).status).toBe(403);
  });

  it("refuses what is no note, naming the field and never the value", async () => {
    const refused = await panel.call("POST", "${resource}/save", { name: "", text: "hello" });
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('"name"');
  });
`;

/** A plugin with a query and a change. */
export const apiTemplate: Template = {
  manifest: () => ({}),
  files: (facts) => ({
    "src/index.ts": `import { definePlugin } from "@patchbay/sdk";
import { listNotes, saveNote } from "./operations.ts";

export default definePlugin((to) => {
  to.operation(listNotes);
  to.operation(saveNote);
});
`,
    "src/operations.ts": operations(facts),
    "test/kernel.test.ts": kernelTest(facts.id, cases(resourceOf(facts.id))),
  }),
  readme: ({
    id,
  }) => `It adds two operations, \`${resourceOf(id)}.list\` and \`${resourceOf(id)}.save\`. Route, command, OpenAPI and audit follow from what
\`src/operations.ts\` declares: \`patchbay ${resourceOf(id)} list\` works as soon as the plugin is enabled.
`,
};
