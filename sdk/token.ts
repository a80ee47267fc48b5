/** A typed key for a service. Two tokens with one id are the same service. */
export interface Token<T> {
  readonly id: string;
  readonly key: symbol;
  /** Carries the type only; never read. */
  readonly type?: T;
}

/**
 * Makes the token of a service. `id` is `<owner>.<service>`, `kernel.clock`.
 *
 * @example
 * interface Notes { count(read: Read): Promise<number> }
 * const Notes = token<Notes>("notes.notes");
 * export default definePlugin((to) => {
 *   const sql = "SELECT count(*) AS n FROM notes";
 *   to.service(Notes, () => ({ count: async (read) => (await read.get<{ n: number }>(sql))?.n ?? 0 }));
 * });
 */
export function token<T>(id: string): Token<T> {
  return { id, key: Symbol.for(`patchbay.token.${id}`) };
}
