import { join } from "node:path";
import { sandboxLayout, systemLayout } from "../../helper/layout.ts";
import { Serial } from "../../helper/serial.ts";
import { openVersion } from "./adopt.ts";
import { approveOperation } from "./approve-operation.ts";
import { PluginFolders } from "./folders.ts";
import { installOperation } from "./install-operation.ts";
import type { InstallParts, InstallRoom } from "./parts.ts";
import { allRows, findRow, installMigrations, removeRow } from "./rows.ts";
import type { Installs } from "./types.ts";
import { recordedDigest } from "./verify.ts";

export type { InstallParts } from "./parts.ts";

/** The room that installs plugins and keeps what was installed. Nothing is touched before it is asked. */
export function createInstalls(parts: InstallParts): Installs {
  const { data, host } = parts.instance;
  const serial = new Serial();
  const room: InstallRoom = {
    ...parts,
    folders: new PluginFolders(join(data, "plugins")),
    layout: host === "sandbox" ? sandboxLayout(data) : systemLayout(data),
    alone: (work) => serial.run("install", work),
  };
  const { folders } = room;
  const { read } = parts.storage;
  return {
    operations: [installOperation(room), approveOperation(room)],
    migrations: installMigrations,
    recover: () => recover(room),
    list: async () =>
      (await allRows(read)).map(({ id, approved, pending, rowId: _, ...version }) => ({
        id,
        ...version,
        approved: approved !== null,
        pending: pending?.version ?? null,
      })),
    open: async (id) => {
      const row = await findRow(read, id);
      return row ? openVersion(room, folders.current(id), row) : { problems: [`${id} is not installed`] };
    },
    removeFiles: (id) =>
      room.alone(async () => {
        await parts.helper.call("plugin.forget", { id });
        await folders.remove(id);
      }),
    removeRow,
  };
}

/** A change of versions that was cut off is taken back: the row says which version is the one. */
async function recover({ folders, storage }: InstallRoom): Promise<void> {
  const rows = await allRows(storage.read);
  await folders.sweep(new Set(rows.map(({ id }) => id)));
  for (const { id, digest } of rows) {
    const isFormer = (await recordedDigest(folders.former(id))) === digest;
    if (isFormer && (await recordedDigest(folders.current(id))) !== digest) await folders.demote(id);
    else await folders.dropFormer(id);
  }
}
