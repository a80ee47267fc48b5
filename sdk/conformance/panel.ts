import type { HostPaths } from "../services.ts";

/** What the API answered. */
export interface ApiAnswer {
  readonly status: number;
  /** `code` of an error. */
  readonly code: string | undefined;
  /** Field `data` of the envelope. */
  readonly data: unknown;
  /** The whole body, for messages of tests. */
  readonly text: string;
}

/** A daemon the panel runs. */
export interface RunningDaemon {
  /** As `Services.list()` names it: `nginx`, `php-fpm@8.2-0`. */
  readonly name: string;
  readonly pid: number;
}

/** A file system that can be filled up: the one the panel's data lies on. */
export interface FillableDisk {
  /** Takes all space that is free, but for so many bytes. */
  fill(exceptBytes: number): void;
  /** Gives the space back. Does nothing when it was not taken. */
  free(): void;
}

/**
 * A real panel in a directory of its own, for one suite alone. The suite changes it through the API and looks at it from
 * outside only: through the daemon's own protocol, at its files, at its processes.
 */
export interface PanelUnderTest {
  /** Calls `domains/add` as an administrator: GET with the input as query, others with a JSON body. */
  call(method: "GET" | "POST" | "DELETE", path: string, input?: Readonly<Record<string, unknown>>): Promise<ApiAnswer>;
  /** Where the sites are served. */
  readonly http: { readonly address: string; readonly port: number };
  readonly https: { readonly address: string; readonly port: number };
  /** Where the zones are answered. */
  readonly dns: { readonly address: string; readonly port: number };
  readonly paths: Pick<HostPaths, "etc" | "log" | "run" | "homes">;
  /** Writes a file into a home as its account would, with the directories above it. `path` is relative to the home. */
  writeFile(home: string, path: string, content: string | Buffer): void;
  /** Makes a symbolic link in a home as its account would. */
  link(home: string, path: string, target: string): void;
  /** Daemons that run now. */
  daemons(): readonly RunningDaemon[];
  /** How many times the panel has put something in place and told a daemon so. Grows by one for a whole batch. */
  applies(): Promise<number>;
  /** Present when the data lies on a small disk of its own. */
  readonly disk?: FillableDisk;
  /** Stops everything. Rejects when a process is left. */
  stop(): Promise<void>;
}

/** What the machine can do for the suite. Known before the panel starts, because it decides which cases there are. */
export interface TestMachine {
  /** The suite runs as root, so that every account is a user of its own. */
  readonly separateUsers: boolean;
  /** `PanelUnderTest.disk` will be there. */
  readonly smallDisk: boolean;
}
