/** Tells those who watch an operation that it has moved on. What it has come to they read themselves. */
export class Watchers {
  readonly #listeners = new Map<string, Set<() => void>>();

  /** Calls `listener` after each commit that changed the operation, until the answer is called. It must not throw. */
  watch(id: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id);
    };
  }

  /** To be called after the commit. */
  changed(id: string): void {
    for (const listener of this.#listeners.get(id) ?? []) listener();
  }
}
