import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** Ports of the loopback address that nobody has. */
export async function freePorts(count: number): Promise<number[]> {
  const listeners = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(listeners.map((one) => once(one, "listening")));
  const ports = listeners.map((one) => (one.address() as AddressInfo).port);
  await Promise.all(listeners.map((one) => once(one.close(), "close")));
  return ports;
}
