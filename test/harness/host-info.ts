import { join } from "node:path";
import type { HostInfo } from "@patchbay/sdk";

export interface Place {
  readonly root: string;
  readonly ports: { readonly http: number; readonly https: number };
  readonly web: HostInfo["web"];
  readonly multiUser: boolean;
}

/** A host on loopback with everything below `root`. Other daemons than the web server's have no ports. */
export function testHostInfo({ root, ports, web, multiUser }: Place): HostInfo {
  const none = { dns: 0, "dns-control": 0, smtp: 0, submission: 0, imap: 0, imaps: 0, ftp: 0, mysql: 0, postgresql: 0 };
  const path = (name: string) => join(root, name);
  return {
    kind: "sandbox",
    address: "127.0.0.1",
    ports: { ...none, ...ports },
    paths: {
      etc: path("etc"),
      run: path("run"),
      log: path("log"),
      state: path("state"),
      homes: path("homes"),
      archive: path("archive"),
    },
    multiUser,
    accounts: { firstUid: 29_991, count: 8 },
    web,
    phpVersions: ["8.2"],
  };
}
