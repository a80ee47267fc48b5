import { createServer } from "node:net";

/** Ports of one test instance: three of the panel, and the base of its services. Below the ephemeral range. */
export interface InstancePorts {
  readonly panel: number;
  readonly services: number;
}

/** What the daemons of an instance listen on above its base: public, side and control ports. */
const offsets = [53, 80, 443, 880, 881, 882, 953, 963, 964, 965];

/** Ports this process has found for somebody, who may not listen on them yet. */
const found = new Set<number>();

/** Finds ports nobody listens on. Test workers look in ranges of their own, so two never find the same. */
export async function freePorts(): Promise<InstancePorts> {
  const worker = Number(process.env["VITEST_POOL_ID"] ?? 1) % 4;
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const panel = 28_000 + worker * 400 + Math.floor(Math.random() * 130) * 3;
    const services = 20_000 + worker * 1800 + Math.floor(Math.random() * 700);
    const wanted = [panel, panel + 1, panel + 2, ...offsets.map((offset) => services + offset)];
    if (wanted.some((port) => found.has(port))) continue;
    for (const port of wanted) found.add(port);
    if ((await Promise.all(wanted.map(isFree))).every(Boolean)) return { panel, services };
    for (const port of wanted) found.delete(port);
  }
  throw new Error("no free ports for a test instance");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
