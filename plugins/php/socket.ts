/** Socket of a pool, relative to the host's run directory. */
export function socketPath(username: string, version: string): string {
  return `php/${username}-${version}.sock`;
}
