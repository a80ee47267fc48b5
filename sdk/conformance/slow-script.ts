/** PHP that takes so many seconds. A loop, because a signal to the process ends a single sleep early. */
export function slowly(seconds: number): string {
  return `for ($end = microtime(true) + ${seconds}; microtime(true) < $end; ) usleep(20000);`;
}
