import { join } from "node:path";
import { readPrivate, writePrivate } from "./private-file.ts";

/** A small text beside the database, replaced durably. Holds the head of the audit log. */
export function createAnchorFile(panel: string): {
  read(): Promise<string | undefined>;
  write(text: string): Promise<void>;
} {
  const file = join(panel, "audit-anchor");
  return {
    read: async () => readPrivate(file),
    write: async (text) => writePrivate(file, text),
  };
}
