import { defineChange, defineQuery, notFound, Store, text } from "@patchbay/sdk";
import * as v from "@patchbay/sdk/valibot";
import { allNotes, noteOf, saveNote } from "./notes.ts";

const note = v.strictObject({
  username: v.string(),
  last_login: v.string(),
  address_mark: v.nullable(v.string()),
  note: v.string(),
});

/** GET /api/login-notes/list, `patchbay login-notes list` */
export const listNotes = defineQuery({
  id: "login-notes.list",
  summary: "Who logged in last, and what was noted on them",
  access: { callers: ["admin"] },
  rate: "standard",
  input: v.strictObject({}),
  output: v.array(note),
  handle: async (_input, ctx) => [...(await allNotes(ctx.use(Store)))],
});

/** POST /api/login-notes/write, `patchbay login-notes write --username ada --note "…"` */
export const writeNote = defineChange({
  id: "login-notes.write",
  method: "POST",
  summary: "Note something on somebody who has logged in",
  access: { callers: ["admin"] },
  rate: "standard",
  input: v.strictObject({ username: text(1, 64), note: text(1, 500) }),
  output: note,
  // Those the operation adds to the ones every operation has.
  errors: ["NOT_FOUND"],
  // What the audit log says it was about.
  resource: (input) => `login-note:${input.username}`,
  handle: async (input, ctx) => {
    const store = ctx.use(Store);
    const known = await noteOf(store, input.username);
    if (known === undefined) throw notFound("Login");
    // The store is not part of the change's transaction, so a dry run must leave it alone.
    if (!ctx.dryRun) await saveNote(store, input.username, input.note);
    return { ...known, note: input.note };
  },
});
