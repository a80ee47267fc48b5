import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Answer } from "../../test/harness/ask.ts";
import { phpSocketOf, until } from "./testing/daemons.ts";
import { createLiveHost, type LiveHost } from "./testing/live-host.ts";

let host: LiveHost;

beforeEach(async () => {
  host = await createLiveHost();
  host.put("john", "public_html/page.txt", "apache");
  host.put("john", "public_html/slow.php", "<?php usleep(1500000); echo 'slow, and whole';");
  const php = { socket: phpSocketOf("john") };
  host.serve(
    host.front,
    Array.from({ length: 50 }, (_, at) => host.site("john", `site${at}.test`, { php })),
  );
});

afterEach(() => host.stop());

describe("the public ports", () => {
  it("are shared with the server that hands over, which has every visitor until it ends", async () => {
    const nginx = await startNginx();
    const answers = async () => {
      const all = await Promise.all(Array.from({ length: 60 }, () => host.get("site1.test", "/page.txt")));
      return [...new Set(all.map(({ body }) => body))];
    };
    try {
      expect(await answers()).toEqual(["nginx"]);
      await host.start();
      expect(await answers()).toEqual(["nginx"]);
      expect((await host.get("site1.test", "/page.txt", { port: host.side.ports.http })).body).toBe("apache");
    } finally {
      await gone(nginx, "SIGQUIT");
    }
    expect(await answers()).toEqual(["apache"]);
    const again = await startNginx();
    expect(await answers()).toEqual(["nginx"]);
    await gone(again, "SIGQUIT");
    expect(await answers()).toEqual(["apache"]);
  });
});

describe("a reload", () => {
  it("fails no request, and when the new configuration answers the old one never does again", async () => {
    await host.start();
    let isOver = false;
    const failed: string[] = [];
    const visitors = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const seen = await host
          .get("site1.test", "/page.txt")
          .catch((error): Partial<Answer> => ({ body: String(error) }));
        if (seen.body !== "apache") failed.push(String(seen.body));
      }
    });
    const generation = async () =>
      Number((await host.get("generation.invalid", "/.well-known/patchbay/generation")).body);
    for (let next = 2; next < 14; next += 1) {
      host.write(host.provider.generation(next));
      host.reload();
      await host.reloaded(next);
      const after = await Promise.all(Array.from({ length: 40 }, generation));
      expect([...new Set(after)]).toEqual([next]);
    }
    isOver = true;
    await Promise.all(visitors);
    expect(failed).toEqual([]);
  });
});

describe("the end", () => {
  it("waits for what has begun, and takes nothing new", async () => {
    await Promise.all([host.start(), host.php("john")]);
    const slow = host.get("site1.test", "/slow.php");
    await new Promise((resolve) => setTimeout(resolve, 300));
    const ended = host.ends("SIGWINCH");
    await until(async () => (await host.get("site1.test", "/page.txt").catch(() => undefined)) === undefined);
    expect((await slow).body).toBe("slow, and whole");
    await ended;
  });
});

/** nginx on the public port of the host, as the web user. */
async function startNginx(): Promise<ChildProcess> {
  const { web } = host.info;
  const directory = join(host.root, "nginx");
  const at = (name: string) => join(directory, name);
  mkdirSync(directory, { recursive: true });
  chownSync(directory, web.uid, web.gid);
  const temporary = ["client_body", "proxy", "fastcgi", "scgi", "uwsgi"].map(
    (name) => `${name}_temp_path ${at(name)};`,
  );
  const server = `server { listen 127.0.0.1:${host.info.ports.http} reuseport; location / { return 200 nginx; } }`;
  const http = `http { access_log off; ${temporary.join(" ")} ${server} }`;
  writeFileSync(at("nginx.conf"), `pid ${at("pid")}; error_log ${at("log")}; daemon off; events {} ${http}`);
  const child = spawn("/usr/sbin/nginx", ["-e", at("log"), "-c", at("nginx.conf")], {
    stdio: "ignore",
    ...(host.info.multiUser ? web : {}),
  });
  await until(async () => (await host.get("any.test", "/")).body === "nginx");
  return child;
}

async function gone(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await exit;
}
