const mark = Symbol("patchbay.reported");

/** Marks an error whose fault has been reported, so that whoever it reaches does not count it again. */
export function markReported<E extends Error>(error: E): E {
  Object.defineProperty(error, mark, { value: true });
  return error;
}

/** True when the fault behind an error was reported by the room that runs plugins in processes of their own. */
export function isReported(error: unknown): boolean {
  return typeof error === "object" && error !== null && (error as { [mark]?: boolean })[mark] === true;
}
