import { defineChange, type Operation, pluginInstalled } from "@patchbay/sdk";
import * as v from "valibot";
import { takeOver } from "./adopt.ts";
import { type InstallAnswer, installAnswer, toAsksAnswer } from "./answer.ts";
import { asksForMore, asksOf } from "./asks.ts";
import { grantsReview } from "./fitting.ts";
import type { InstallRoom } from "./parts.ts";
import { type InstalledVersion, type InstallRow, isTrusted, saveRow } from "./rows.ts";
import { type Candidate, withCandidate } from "./stage.ts";

interface Prepared {
  readonly answer: InstallAnswer;
  readonly row: Omit<InstallRow, "rowId">;
}

/** `plugins.install`: fetches and checks a plugin and says what it asks for. None of its code runs before it is approved. */
export function installOperation(room: InstallRoom): Operation {
  return defineChange({
    id: "plugins.install",
    method: "POST",
    summary:
      "Install a plugin from a folder, a tarball or an npm name, and tell what it asks for; nothing of it runs yet",
    message: "Plugin installed",
    access: { callers: ["admin"] },
    rate: "standard",
    input: v.strictObject({
      /** Absolute path on the server, or an npm name with an optional `@version`. */
      source: v.pipe(v.string(), v.minLength(1), v.maxLength(1024)),
      allow_unsigned: v.optional(v.boolean(), false),
    }),
    output: installAnswer,
    errors: [
      "PLUGIN_REFUSED",
      "PLUGIN_UNSIGNED",
      "PLUGIN_SOURCE_UNREADABLE",
      "PLUGIN_NEEDS_ROOT",
      "NPM_UNAVAILABLE",
      "NPM_FAILED",
    ],
    resource: (_input, { id }) => `plugin:${id}`,
    prepare: ({ source, allow_unsigned: allowUnsigned }, { dryRun }): Promise<Prepared> =>
      room.alone(() =>
        withCandidate(room, { source, allowUnsigned }, async (candidate) => {
          const prepared = await plan(room, candidate);
          if (!dryRun) await putInPlace(room, candidate, prepared);
          return prepared;
        }),
      ),
    handle: async (_input, ctx, { answer, row }) => {
      await saveRow(ctx, row);
      await ctx.emit(pluginInstalled, { plugin: answer.id, version: answer.version, source: "installed" });
      ctx.note({
        plugin: answer.id,
        package: answer.package,
        version: answer.version,
        signer: answer.signer?.key ?? null,
      });
      return answer;
    },
  });
}

/** What becomes of the row, and what the admin is told. */
async function plan(room: InstallRoom, candidate: Candidate): Promise<Prepared> {
  const { found, row, signer } = candidate;
  const { manifest } = found;
  const asks = asksOf(manifest, signer);
  const approved = row?.approved ?? null;
  const more = approved ? asksForMore(approved, asks) : [];
  const version: InstalledVersion = {
    package: candidate.package,
    version: found.version,
    digest: candidate.digest,
    signer,
  };
  const waits = row !== undefined && approved !== null && more.length > 0;
  const answer: InstallAnswer = {
    id: manifest.id,
    title: manifest.title,
    package: candidate.package,
    version: found.version,
    replaces: row?.version ?? null,
    needs_approval: approved === null || more.length > 0,
    asks_for_more: more,
    asks: toAsksAnswer(asks, manifest, grantsReview(room, manifest).root),
    signer: signer === null ? null : { key: signer, trusted: await isTrusted(room.storage.read, signer) },
    dependencies: [...candidate.dependencies],
    warnings: [...candidate.warnings],
  };
  return {
    answer,
    row: waits
      ? { ...row, pending: version }
      : { id: manifest.id, ...version, approved: approved && asks, pending: null },
  };
}

/** Beside the version in use when that is approved; otherwise nothing of it runs and it may go. */
async function putInPlace(room: InstallRoom, candidate: Candidate, { answer, row }: Prepared): Promise<void> {
  const { folders } = room;
  const used = candidate.row;
  if (!used?.approved) return folders.place(candidate.folder, folders.current(answer.id));
  await folders.place(candidate.folder, folders.pending(answer.id));
  if (!answer.needs_approval) await takeOver(room, used, row);
}
