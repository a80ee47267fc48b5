import { chmodSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Answer } from "../../../test/harness/ask.ts";
import { freePorts } from "../../../test/harness/ports.ts";
import { phpSocketOf } from "./daemons.ts";
import { createLiveHost, type LiveHost } from "./live-host.ts";

/** John, who writes `.htaccess` (`john.test` and `other.test`), and Jane, who has secrets (`jane.test`). */
export interface TwoTenants {
  readonly host: LiveHost;
  /** Port of something that only this host reaches: the panel, a metadata service. Answers `for-root`. */
  readonly innerPort: number;
  /** How often somebody connected there since the last call. */
  connections(): number;
  /** Writes John's `.htaccess`. */
  rule(text: string, directory?: string): void;
  /** What every way to each of John's pages is answered. */
  answers(paths?: readonly string[]): Promise<readonly Answer[]>;
  stop(): Promise<void>;
}

const everywhere = ["/", "/page.txt", "/uid.php", "/uid.php/x", "/none", "/sub/", "/dir/", "/sub/page.txt"];
const script = "<?php echo 'run as ', posix_geteuid(), ' ', ini_get('post_max_size'), ' ', $_SERVER['MARK'] ?? '';";

export async function createTwoTenants(): Promise<TwoTenants> {
  const host = await createLiveHost();
  layHomes(host);
  host.serve(host.front, [
    host.site("john", "john.test", { php: { socket: phpSocketOf("john") } }),
    host.site("john", "other.test", { root: `${host.info.paths.homes}/john/other` }),
    host.site("jane", "jane.test", { php: { socket: phpSocketOf("jane") } }),
  ]);
  await Promise.all([host.php("john"), host.php("jane"), host.start()]);
  const inner = await startInner();
  return {
    host,
    innerPort: inner.port,
    connections: inner.connections,
    rule: (text, directory = "public_html") => host.put("john", `${directory}/.htaccess`, `${text}\n`),
    answers: (paths = everywhere) => {
      const posted = { method: "POST", body: "a=1", headers: { "max-forwards": "5" } };
      const ways = (path: string) => [
        host.get("john.test", path),
        host.get("john.test", path, posted),
        host.getTls("john.test", path),
      ];
      return Promise.all(paths.flatMap(ways));
    },
    stop: async () => {
      await host.stop();
      inner.stop();
    },
  };
}

function layHomes(host: LiveHost): void {
  host.put("jane", "public_html/secret.txt", "jane's secret");
  host.put("jane", "public_html/index.php", `${script} echo 'jane\\'s secret';`);
  for (const path of ["page.txt", "sub/page.txt", "index.html"]) host.put("john", `public_html/${path}`, "john's page");
  for (const path of ["uid.php", "dir/uid.php"]) host.put("john", `public_html/${path}`, script);
  host.put("john", "public_html/page.shtml", '<!--#include file="page.txt" --><!--#exec cmd="id" -->');
  host.put("john", "public_html/run.cgi", "#!/bin/sh\necho; id\n");
  host.put("john", "other/page.txt", "other page");
  const home = `${host.info.paths.homes}/john`;
  // As an attacker would: everybody may run his scripts.
  for (const path of ["", "public_html", "public_html/dir"]) chmodSync(join(home, path), 0o755);
  for (const path of ["dir/uid.php", "uid.php", "run.cgi"]) chmodSync(join(home, "public_html", path), 0o755);
}

async function startInner() {
  const { panel: port } = await freePorts();
  let seen = 0;
  const server = createServer((socket) => {
    seen += 1;
    socket.on("error", () => {}).end("HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nfor-root");
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const connections = () => {
    const before = seen;
    seen = 0;
    return before;
  };
  return { port, connections, stop: () => server.close() };
}
