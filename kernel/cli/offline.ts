import { existsSync } from "node:fs";
import { join } from "node:path";
import { createAudit } from "../audit/audit.ts";
import { createLogger } from "../observe/logger.ts";
import { createAnchorFile } from "../storage/anchor-file.ts";
import { createIds } from "../storage/ids.ts";
import { readKey } from "../storage/key.ts";
import { createSealer } from "../storage/sealer.ts";
import { createStorage } from "../storage/storage.ts";

/** `patchbay audit verify` for an instance that does not run: reads its database and keys directly. */
export async function verifyOffline(data: string, json: boolean): Promise<number> {
  const panel = join(data, "panel");
  const file = join(panel, "panel.db");
  if (!existsSync(file)) throw new Error(`there is no instance in ${data}`);
  const clock = { now: () => Date.now() };
  const ids = createIds(clock);
  const storage = await createStorage({ file, clock, ids });
  try {
    const audit = createAudit({
      storage,
      sealer: createSealer(readKey(panel)),
      clock,
      ids,
      anchor: createAnchorFile(panel),
      logger: createLogger(process.stderr),
    });
    const verdict = await audit.verify();
    const text = verdict.ok
      ? `ok, ${verdict.records} records`
      : `record ${verdict.firstBad?.id}: ${verdict.firstBad?.problem}`;
    process.stdout.write(json ? `${JSON.stringify(verdict)}\n` : `${text}\n`);
    return verdict.ok ? 0 : 1;
  } finally {
    await storage.close();
  }
}
