/** Rounds for people; one decimal unless told otherwise. */
export function round(value: number, decimals = 1): number {
  const factor = 10 ** decimals;
  return Math.round(value * factor) / factor;
}

/** How much of it is in use, 0 to 100. */
export function percent({ totalBytes, usedBytes }: { totalBytes: number; usedBytes: number }): number {
  return totalBytes === 0 ? 0 : round((usedBytes / totalBytes) * 100);
}
