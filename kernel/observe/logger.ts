import type { Logger } from "@patchbay/sdk";

export interface LogSink {
  write(line: string): void;
}

/** JSON lines, one record an event. Control characters are escaped by JSON; long values are cut. */
export function createLogger(sink: LogSink, bound: Readonly<Record<string, unknown>> = {}): Logger {
  const emit = (level: string, message: string, fields?: Readonly<Record<string, unknown>>) => {
    const record = { time: new Date().toISOString(), level, message, ...bound, ...fields };
    sink.write(`${JSON.stringify(record, shorten)}\n`);
  };
  return {
    info: (message, fields) => emit("info", message, fields),
    warn: (message, fields) => emit("warn", message, fields),
    error: (message, fields) => emit("error", message, fields),
  };
}

const longest = 4000;

function shorten(_key: string, value: unknown): unknown {
  if (value instanceof Error) return `${value.name}: ${value.message}`.slice(0, longest);
  if (typeof value === "string" && value.length > longest) return `${value.slice(0, longest)}…`;
  return value;
}
