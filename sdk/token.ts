/** A typed key for a service. Two tokens with one id are the same service. */
export interface Token<T> {
  readonly id: string;
  readonly key: symbol;
  /** Carries the type only; never read. */
  readonly type?: T;
}

/** Makes the token of a service. `id` is `<owner>.<service>`, `kernel.clock`. */
export function token<T>(id: string): Token<T> {
  return { id, key: Symbol.for(`patchbay.token.${id}`) };
}
