import { must } from "../harness/must.ts";
import type { DescribedOperation } from "../matrix/operations.ts";
import { besideOf, type CorpusWorld, inputFor, send } from "./corpus-world.ts";

export type Data = Awaited<ReturnType<typeof must>>;

/** An accepted value, sent for real. */
export interface Accepted {
  readonly world: CorpusWorld;
  readonly operation: DescribedOperation;
  readonly field: string;
  readonly value: unknown;
  readonly canonical: Data;
  /** Other fields of the input that the value is accepted with. */
  readonly beside?: Readonly<Record<string, unknown>> | undefined;
}

/** Sends an accepted value for real, shows what became of it, and leaves the world as it was. */
export type Procedure = (accepted: Accepted) => Promise<void>;

/** Sends the value in an otherwise well-formed input, for real. */
export function apply(accepted: Accepted, more: Readonly<Record<string, unknown>> = {}): Promise<Data> {
  const { beside, field, operation, value, world } = accepted;
  const input = { ...inputFor(world, operation, field), ...besideOf(world, operation, beside), ...more };
  return must(send(world.admin, operation, { ...input, [field]: value }));
}
