import { defineChange, notFound, type Operation } from "@patchbay/sdk";
import * as v from "valibot";
import { admit, openVersion, takeOver } from "./adopt.ts";
import { type Asks, asksOf } from "./asks.ts";
import { fittingProblems } from "./fitting.ts";
import type { InstallRoom } from "./parts.ts";
import { refused, unknownSigner } from "./refusals.ts";
import { findRow, type InstallRow, isTrusted, saveRow, trustSigner } from "./rows.ts";

interface Prepared {
  readonly row: InstallRow;
  readonly asks: Asks;
}

/** `plugins.approve`: an admin says yes to everything an installed plugin asks for. */
export function approveOperation(room: InstallRoom): Operation {
  return defineChange({
    id: "plugins.approve",
    method: "POST",
    summary: "Approve what an installed plugin asks for; a version that waits takes the place of the one before",
    message: "Plugin approved",
    access: { callers: ["admin"] },
    rate: "standard",
    input: v.strictObject({
      id: v.pipe(v.string(), v.maxLength(64)),
      /** True: whoever signed it is trusted from now on. */
      trust_signer: v.optional(v.boolean(), false),
    }),
    output: v.strictObject({ id: v.string(), version: v.string() }),
    errors: ["NOT_FOUND", "PLUGIN_REFUSED", "PLUGIN_SIGNER_UNKNOWN", "PLUGIN_NEEDS_ROOT"],
    resource: ({ id }) => `plugin:${id}`,
    prepare: ({ id, trust_signer: trust }, { dryRun }) => room.alone(() => approve(room, { id, trust, dryRun })),
    handle: async ({ id }, ctx, { row, asks }) => {
      const version = row.pending ?? row;
      await saveRow(ctx, { ...row, ...version, approved: asks, pending: null });
      if (version.signer !== null) await trustSigner(ctx, version.signer);
      ctx.note({ plugin: id, version: version.version, approved: { ...asks } });
      return { id, version: version.version };
    },
  });
}

async function approve(
  room: InstallRoom,
  { id, trust, dryRun }: { readonly id: string; readonly trust: boolean; readonly dryRun: boolean },
): Promise<Prepared> {
  const { folders, storage } = room;
  const row = await findRow(storage.read, id);
  if (!row) throw notFound("Plugin");
  const version = row.pending ?? row;
  const opened = await openVersion(room, row.pending ? folders.pending(id) : folders.current(id), { ...version, id });
  if ("problems" in opened) throw refused(opened.problems, 409);
  const { manifest } = opened.found;
  const problems = await fittingProblems(room, opened.found, { package: version.package, row });
  if (problems.length > 0) throw refused(problems, 409);
  if (version.signer !== null && !trust && !(await isTrusted(storage.read, version.signer))) throw unknownSigner();
  const prepared = { row, asks: asksOf(manifest, version.signer) };
  if (dryRun) return prepared;
  if (row.pending) await takeOver(room, row, row.pending);
  else await admit(room, opened.found);
  return prepared;
}
