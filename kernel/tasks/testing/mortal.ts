/** What a process sees of another that outlives it. Once the process is over nothing it asks for is done, and it never learns. */
export function mortal<T extends object>(target: T, life: { readonly isOver: boolean }): T {
  const get = (from: T, key: string | symbol) => {
    const value: unknown = Reflect.get(from, key);
    if (typeof value !== "function") return value;
    return (...args: unknown[]) => (life.isOver ? new Promise(() => {}) : value.apply(from, args));
  };
  return new Proxy(target, { get });
}
