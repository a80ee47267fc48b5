import { defineQuery, HostInfo, SystemFacts } from "@patchbay/sdk";
import * as v from "valibot";

export const version = defineQuery({
  id: "system.version",
  summary: "Panel version, commit, default PHP version and operating system",
  access: { callers: "public" },
  rate: "standard",
  input: v.strictObject({}),
  output: v.strictObject({
    version: v.string(),
    git_commit: v.nullable(v.string()),
    /** Newest PHP that the panel serves; empty on a server without PHP. */
    php_version: v.string(),
    os: v.string(),
  }),
  handle: async (_input, ctx) => {
    const facts = ctx.use(SystemFacts);
    return {
      version: facts.version,
      git_commit: facts.gitCommit,
      php_version: ctx.use(HostInfo).phpVersions[0] ?? "",
      os: facts.os,
    };
  },
});
