import { wire } from "./di/container.ts";
import { ChangeRunner } from "./operations/change.ts";
import { Outcomes } from "./operations/outcome.ts";
import { Pipeline } from "./operations/pipeline.ts";
import { K } from "./tokens.ts";

/** Says what the kernel's classes are made from. Called once, before the first of them is made. */
export function wireKernel(): void {
  wire(Outcomes, K.sealer);
  wire(ChangeRunner, K.storage, K.reconciler, K.outcomes, K.sealer, K.clock, K.crashPoint);
  wire(Pipeline, K.storage, K.clock, K.ids, K.changes);
}
