import { conflict, type Logger, PanelError, ProviderError, type Task, type TaskContext } from "@patchbay/sdk";
import type { Packages } from "../host/packages.ts";
import type { Candidate } from "../slots/candidate.ts";
import type { SlotTable } from "../slots/slot-table.ts";

/** Payload of the task. */
export interface InstallOrder {
  readonly slot: string;
  readonly provider: string;
}

export interface InstallDeps {
  readonly slots: () => SlotTable;
  readonly packages: Packages;
  readonly logger: Logger;
}

/** Installs what a backend needs of the system. Installing what is there already changes nothing, so it may be repeated. */
export function createInstallTask(deps: InstallDeps): Task<InstallOrder> {
  return {
    id: "system.install",
    title: "Install a backend",
    run: async ({ slot, provider }, ctx) => {
      const candidate = deps
        .slots()
        .get(slot)
        ?.candidates.find(({ id }) => id === provider);
      if (!candidate) throw conflict("BACKEND_NOT_INSTALLABLE", "The plugin of this backend is not there any more.");
      await installPackages(deps, candidate, ctx);
      await detect(candidate, ctx);
    },
    preview: async ({ slot, provider }) => ({
      plan: [{ slot, unit: "", action: "install", target: provider }],
      warnings: [],
    }),
  };
}

async function installPackages({ packages, logger }: InstallDeps, candidate: Candidate, ctx: TaskContext) {
  await ctx.step("packages", "running");
  try {
    await packages.install(candidate.plugin);
  } catch (cause) {
    if (!(cause instanceof ProviderError) || ctx.signal.aborted) throw cause;
    logger.error("a backend could not be installed", { plugin: candidate.plugin, output: cause.output, error: cause });
    throw new PanelError("BACKEND_NOT_INSTALLABLE", {
      status: 409,
      message: `${candidate.title} could not be installed: ${cause.message}. The panel's log has the whole output.`,
      cause,
    });
  }
  await ctx.step("packages", "done");
  await ctx.progress(0.9);
}

async function detect(candidate: Candidate, ctx: TaskContext): Promise<void> {
  await ctx.step("detect", "running");
  if (!candidate.installed()) {
    throw conflict("BACKEND_NOT_INSTALLED", `The packages of ${candidate.title} are there, but not its programs.`);
  }
  await ctx.step("detect", "done", `${candidate.title} is installed`);
}
