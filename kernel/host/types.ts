import type { HostInfo, Probe, SidePorts } from "@patchbay/sdk";
import type { PrivilegedInput, PrivilegedOp, PrivilegedOutput } from "@patchbay/sdk/privileged";

/** The kernel's line to the helper. Rejects with `ProviderError`; with kind `unavailable` when the line is gone. */
export interface HelperClient {
  call<K extends PrivilegedOp>(
    op: K,
    input: PrivilegedInput<K>,
    options?: { timeoutMs?: number },
  ): Promise<PrivilegedOutput<K>>;
}

/** The machine as the kernel sees it. */
export interface Host {
  readonly info: HostInfo;
  readonly helper: HelperClient;
  /**
   * Looks once, at the public ports or at these. Resolves true when the probe holds, false when the daemon answers otherwise or not at all.
   * Never throws for what the daemon does.
   */
  probe(probe: Probe, signal: AbortSignal, ports?: SidePorts): Promise<boolean>;
}
