import { connect } from "node:tls";

/** What came back on a connection of its own, and how it ended. */
export interface RawAnswer {
  /** Status of the first answer; 0 when there was none. */
  readonly status: number;
  /** How many answers there were. */
  readonly answers: number;
  readonly text: string;
  /** Milliseconds until the other side closed. */
  readonly closedAfter: number;
}

/** Sends bytes as they are over TLS and reads until the panel closes, or `limit` milliseconds are over. */
export function sendRaw(port: number, bytes: string, limit = 3000): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let text = "";
    const start = performance.now();
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => socket.write(bytes));
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)];
      const closedAfter = performance.now() - start;
      resolve({ status: Number(statuses[0]?.[1] ?? 0), answers: statuses.length, text, closedAfter });
    };
    const timer = setTimeout(end, limit);
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("close", end);
  });
}
