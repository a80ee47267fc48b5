/** A small web server for tests of the helper: its manifest, its files, and questions to it. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { PrivilegedOutput } from "@patchbay/sdk/privileged";
import type { ManifestLike } from "../../helper/options.ts";

const nginx = ["/usr/sbin/nginx", "-e", "{log}/error.log", "-p", "{tree}", "-c", "{tree}/nginx.conf"];

export const webManifest: ManifestLike = {
  id: "web-test",
  grants: {
    services: {
      nginx: {
        title: "nginx",
        user: "web",
        argv: [...nginx, "-g", "daemon off;"],
        test: [...nginx, "-t", "-q"],
        reload: "SIGHUP",
        draining: "worker process is shutting down",
        stop: "SIGQUIT",
      },
    },
  },
};

export const webService = { plugin: "web-test", service: "nginx" } as const;

type Paths = PrivilegedOutput<"hello">["paths"];

/** `nginx.conf`, which answers every path below `/gen` with `generation`. */
export function mainFile(paths: Paths, port: number, generation: string): string {
  const at = (dir: string) => `${dir}/web-test`;
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${at(paths.state)}/${name};`,
  );
  return `worker_processes 1; pid ${at(paths.run)}/nginx.pid; error_log ${at(paths.log)}/error.log notice;
events { worker_connections 64; }
http { access_log off; ${temporary.join(" ")}
  server { listen 127.0.0.1:${port} default_server; location /gen { return 200 "${generation}"; } include sites/*.conf; } }
`;
}

/** A file of `sites/`. */
export function siteFile(name: string, text: string): string {
  return `location = /${name} { return 200 "${text}"; }\n`;
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Body of an answer; empty when nobody answers. */
export function fetchText(port: number, path: string): Promise<string> {
  return new Promise((resolve) => {
    const asked = request(
      { host: "127.0.0.1", port, path, agent: false, headers: { connection: "close" } },
      (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => {
          text += chunk.toString("utf8");
        });
        response.on("end", () => resolve(text));
        response.on("error", () => resolve(""));
      },
    );
    asked.on("error", () => resolve(""));
    asked.end();
  });
}

/** Waits until `look` answers `wanted`, up to 10 s; returns what it answered last. */
export async function eventually<T>(look: () => Promise<T> | T, wanted: T): Promise<T> {
  for (let round = 0; ; round += 1) {
    const seen = await look();
    if (seen === wanted || round === 400) return seen;
    await sleep(25);
  }
}

/** A port nobody listens on, out of the range of outgoing connections. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
