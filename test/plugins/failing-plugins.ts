/** Source of a plugin that contributes this; `now` is its route, `well` one that always answers. */
function plugin(id: string, { before = "", now = "return null;", more = "" }): string {
  const query = (action: string, body: string) => `to.operation(sdk.defineQuery({
    id: "${id}.${action}", summary: "${action}", rate: "standard", access: { callers: ["admin"] },
    input: v.strictObject({}), output: v.any(), handle: async () => { ${body} },
  }));`;
  return `import * as sdk from "@patchbay/sdk";
import * as v from "@patchbay/sdk/valibot";
${before}
export default sdk.definePlugin((to) => {
  ${query("now", now)}
  ${query("well", `return "well";`)}
  ${more}
});
`;
}

/** Every way in which a plugin can fail, one plugin each: id → source of its module. */
export const failingPlugins = {
  calm: plugin("calm", {}),
  throws: plugin("throws", { now: `throw new TypeError("S3CRET");` }),
  rejects: plugin("rejects", { more: `to.tap(sdk.loginSucceeded, async () => { throw new Error("S3CRET"); });` }),
  hangs: plugin("hangs", { now: `await new Promise(() => {});` }),
  loops: plugin("loops", { now: `for (;;) {}` }),
  floods: plugin("floods", {
    now: `const all = []; for (;;) { all.push(Buffer.alloc(8e6, 1)); await new Promise((go) => setTimeout(go, 2)); }`,
  }),
  exits: plugin("exits", { now: `process.exit(3);` }),
  torn: plugin("torn", { before: `throw new Error("no luck");` }),
  // Well, until somebody asks for its route: from then on each start of it ends at once.
  relapses: plugin("relapses", {
    now: `await to.use(sdk.Store).put("armed", true);`,
    more: `setTimeout(async () => { if (await to.use(sdk.Store).get("armed")) process.exit(7); }, 50);`,
  }),
} as const satisfies Readonly<Record<string, string>>;

export type FailingPlugin = keyof typeof failingPlugins;
