import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FillableDisk } from "../conformance/panel.ts";

/** A small file system of its own, below an existing directory. Needs root. */
export class SmallDisk implements FillableDisk {
  readonly path: string;

  constructor(parent: string, megabytes: number) {
    this.path = join(parent, "disk");
    mkdirSync(this.path);
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=0755`, "tmpfs", this.path]);
  }

  /** Takes what is free, except for some bytes. */
  fill(except = 0): void {
    const { bavail, bsize } = statfsSync(this.path);
    writeFileSync(join(this.path, "filler"), Buffer.alloc(Math.max(0, bavail * bsize - except), 1));
  }

  free(): void {
    rmSync(join(this.path, "filler"), { force: true });
  }

  remove(): void {
    execFileSync("umount", ["-l", this.path]);
  }
}
