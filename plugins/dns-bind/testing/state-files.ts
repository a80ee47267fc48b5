import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { StateFiles } from "@patchbay/sdk";

/** The contract of `StateFiles` on a directory, as the helper keeps it. */
export function createTestStateFiles(directory: string): StateFiles {
  return {
    seed: async (path, content) => {
      const file = join(directory, path);
      mkdirSync(dirname(file), { recursive: true });
      if (!existsSync(file)) writeFileSync(file, content);
    },
    remove: async (paths) => {
      for (const path of paths) rmSync(join(directory, path), { force: true });
    },
  };
}
