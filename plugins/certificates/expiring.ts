import { Clock, Reads, type Schedule, Writes } from "@patchbay/sdk";
import { type CertificateRow, toEvent } from "./certificate-store.ts";
import { certificateExpiring } from "./contract.ts";

const day = 24 * 60 * 60_000;
/** Days before the end of a certificate at which it is told, the first one first. */
const notices = [30, 14, 7, 3, 1, 0] as const;
const pageSize = 100;

const dueSql = `SELECT * FROM certificates WHERE kind <> 'self-signed' AND expires_at < ? AND id > ?
ORDER BY id LIMIT ${pageSize}`;

/** Tells of certificates that end soon. */
export const tellExpiring: Schedule = {
  id: "certificates.expiring",
  cron: "0 6 * * *",
  run: async (use, signal) => {
    const now = use(Clock).now();
    for (let after = 0; ; ) {
      signal.throwIfAborted();
      const rows = await use(Reads).all<CertificateRow>(dueSql, [now + (notices[0] + 1) * day, after]);
      await tell(
        use(Writes),
        rows.flatMap((row) => dueNow(row, now)),
      );
      const last = rows.at(-1);
      if (!last || rows.length < pageSize) return;
      after = last.id;
    }
  },
};

interface Due {
  readonly row: CertificateRow;
  readonly daysLeft: number;
  readonly notice: number;
}

/** Nothing for a certificate that was told since it passed its last notice. */
function dueNow(row: CertificateRow, now: number): Due[] {
  const daysLeft = Math.max(0, Math.floor((row.expires_at - now) / day));
  const notice = notices.findLast((days) => daysLeft <= days);
  const isTold = notice === undefined || (row.expiry_told !== null && row.expiry_told <= notice);
  return isTold ? [] : [{ row, daysLeft, notice }];
}

/** Past the intents: that somebody was told is no change of the certificate, and undoing one must not take it back. */
async function tell(writes: Writes, due: readonly Due[]): Promise<void> {
  if (due.length === 0) return;
  await writes.write(async (db, _intents, emit) => {
    for (const { daysLeft, notice, row } of due) {
      // It may have been replaced since it was read.
      const { fingerprint, id } = row;
      const told = await db("certificates").where({ id, fingerprint }).update({ expiry_told: notice });
      if (told > 0) await emit(certificateExpiring, { ...toEvent(row), daysLeft });
    }
  });
}
