import {
  type LimitSource,
  type Meter,
  PanelError,
  type QuotaClaim,
  type Quotas as QuotaService,
  type Read,
  type Usage,
} from "@patchbay/sdk";

export interface QuotaOptions {
  /** The meters of the current generation, by id. */
  readonly meters: () => ReadonlyMap<string, Meter>;
  /** Where limits come from; undefined while no plugin limits anything. */
  readonly limits: () => LimitSource | undefined;
}

/** Meters and limits. Holds nothing itself: a limit holds under concurrency because changes run one after another. */
export interface Quotas extends QuotaService {
  /**
   * Throws QUOTA_EXCEEDED (403) when a claim does not fit. `read` must be the change's own, so that what is counted is what
   * the change is added to. Several claims on one meter of one account count together.
   */
  claim(read: Read, claims: readonly QuotaClaim[]): Promise<void>;
}

export function createQuotas(options: QuotaOptions): Quotas {
  const limitOf = async (read: Read, accountId: number, meter: string): Promise<number | null> =>
    (await options.limits()?.limit(read, accountId, meter)) ?? null;
  return {
    claim: async (read, claims) => {
      for (const { meter: id, accountId, amount } of addUp(claims)) {
        const meter = options.meters().get(id);
        if (!meter) throw new Error(`an operation claims on the meter ${id}, which no plugin declares`);
        const limit = await limitOf(read, accountId, id);
        if (limit === null || amount === 0) continue;
        const used = await meter.count(read, accountId);
        // Asked this way round a limit or count that is no number refuses.
        if (!(used + amount <= limit)) throw exceeded(id, used, limit);
      }
    },
    usage: async (read, accountId, meter): Promise<Usage> => ({
      used: (await options.meters().get(meter)?.count(read, accountId)) ?? 0,
      limit: await limitOf(read, accountId, meter),
    }),
  };
}

function addUp(claims: readonly QuotaClaim[]): readonly QuotaClaim[] {
  const sums = new Map<string, QuotaClaim>();
  for (const claim of claims) {
    if (!(claim.amount >= 0)) throw new Error(`a claim on the meter ${claim.meter} must not be negative`);
    const key = `${claim.accountId} ${claim.meter}`;
    sums.set(key, { ...claim, amount: claim.amount + (sums.get(key)?.amount ?? 0) });
  }
  return [...sums.values()];
}

function exceeded(meter: string, used: number, limit: number): PanelError {
  return new PanelError("QUOTA_EXCEEDED", {
    status: 403,
    message: `package limit ${meter} reached`,
    details: { meter, used, limit },
  });
}
