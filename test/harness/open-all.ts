/** Opens several at a time. When one does not open, those that did are closed before its reason is thrown. */
export async function openAll<T extends { close(): Promise<void> }>(
  count: number,
  open: () => Promise<T>,
): Promise<readonly T[]> {
  const tried = await Promise.allSettled(Array.from({ length: count }, open));
  const opened = tried.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = tried.find((one) => one.status === "rejected");
  if (!failed) return opened;
  await Promise.all(opened.map((one) => one.close()));
  throw failed.reason;
}
