/** nginx and lighttpd, which cannot hold a port together, both running when one took the front from the other and gives it back. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PrivilegedOutput, ServiceName } from "@patchbay/sdk/privileged";
import { afterEach, describe, expect, it } from "vitest";
import { eventually, fetchText, freePort, sha256, webManifest } from "../host/testing/nginx.ts";
import { HelperRig, type RunningHelper } from "../host/testing/rig.ts";
import type { ManifestLike } from "./options.ts";

type Paths = PrivilegedOutput<"hello">["paths"];
type Server = "nginx" | "lighttpd";

let rig: HelperRig;
afterEach(() => rig.end());

const example = new URL("../../examples/web-lighttpd/package.json", import.meta.url);
const { grants } = (JSON.parse(readFileSync(example, "utf8")) as { patchbay: ManifestLike }).patchbay;
const nginxGrant = webManifest.grants?.services?.["nginx"];
const manifests: ManifestLike[] = [
  { id: "web-nginx", grants: { services: nginxGrant ? { nginx: { ...nginxGrant, sharesPorts: true } } : {} } },
  { id: "web-lighttpd", ...(grants ? { grants } : {}) },
];
const service = (server: Server): ServiceName => ({ plugin: `web-${server}`, service: server });

/** Listens on all of these ports and answers its own name. */
const configurations: Record<Server, (paths: Paths, ports: readonly number[]) => [string, string][]> = {
  nginx: (paths, ports) => {
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${join(paths.state, "web-nginx", name)};`,
    );
    const listen = ports.map((port) => `listen 127.0.0.1:${port} reuseport;`).join(" ");
    const text = `worker_processes 1; pid ${join(paths.run, "web-nginx")}/nginx.pid;
error_log ${join(paths.log, "web-nginx")}/error.log notice; events { worker_connections 64; }
http { access_log off; ${temporary.join(" ")} server { ${listen} location / { return 200 "nginx"; } } }
`;
    return [["nginx.conf", text]];
  },
  lighttpd: (paths, [port, ...more]) => [
    [
      "lighttpd.conf",
      `server.modules = ( "mod_indexfile", "mod_staticfile" )
server.feature-flags = ( "server.graceful-restart-bg" => "enable" )
server.systemd-socket-activation = "enable"
server.document-root = "${join(paths.etc, "web-lighttpd")}"
index-file.names = ( "index.html" )
server.bind = "127.0.0.1"
server.port = ${port}
${more.map((one) => `$SERVER["socket"] == "127.0.0.1:${one}" { }`).join("\n")}
`,
    ],
    ["index.html", "lighttpd"],
  ],
};

/** The port that one of them has, and a port of each of them. */
interface Ports {
  readonly front: number;
  readonly side: Readonly<Record<Server, number>>;
}

/** Both run on their own ports, and one of them at the front too. */
async function serve(former: Server) {
  rig = await HelperRig.create(manifests);
  const helper = await rig.start();
  const front = await freePort();
  const ports: Ports = { front, side: { nginx: await freePort(), lighttpd: await freePort() } };
  const place = createPlacing(helper, ports);
  const tx = await place(former);
  await activate(helper, tx, [service("nginx"), service("lighttpd")], []);
  await helper.client.call("apply.commit", { tx });
  await expectServed(ports, former);
  return { helper, place, ports };
}

/** Tests and swaps in which of them has the front, in a transaction that stays open. */
function createPlacing({ client, hello }: RunningHelper, { front, side }: Ports) {
  const disk = new Map<string, string>();
  return async (atFront: Server): Promise<string> => {
    const tx = randomUUID();
    for (const server of ["nginx", "lighttpd"] as const) {
      const plugin = `web-${server}`;
      const ports = server === atFront ? [side[server], front] : [side[server]];
      const files = configurations[server](hello.paths, ports).map(([path, content]) => {
        const before = disk.get(path);
        disk.set(path, content);
        return { path, content, expect: before === undefined ? null : sha256(before) };
      });
      await client.call("apply.stage", { tx, plugin, files });
    }
    await client.call("apply.test", { tx, services: [service("nginx"), service("lighttpd")] });
    await client.call("apply.swap", { tx });
    return tx;
  };
}

const activate = ({ client }: RunningHelper, tx: string, reload: ServiceName[], stop: ServiceName[]) =>
  client.call("apply.activate", { tx, reload, stop });

async function expectServed({ front, side }: Ports, atFront: Server): Promise<void> {
  expect(await eventually(() => fetchText(front, "/"), atFront)).toBe(atFront);
  for (const server of ["nginx", "lighttpd"] as const)
    expect(await eventually(() => fetchText(side[server], "/"), server)).toBe(server);
}

describe.each([
  ["nginx", "lighttpd"],
  ["lighttpd", "nginx"],
] as const)("the front goes from %s to %s and back", (former, next) => {
  it("when the former one ended", async () => {
    const { helper, place, ports } = await serve(former);
    const tx = await place(next);
    await activate(helper, tx, [service(next)], [service(former)]);
    expect(await eventually(() => fetchText(ports.front, "/"), next)).toBe(next);
    await helper.client.call("apply.rollback", { tx });
    expect(helper.printed()).toBe("");
    await expectServed(ports, former);
  });

  it("when the former one stayed at its side", async () => {
    const { helper, place, ports } = await serve(former);
    const tx = await place(next);
    await activate(helper, tx, [], [service(former)]);
    await activate(helper, tx, [service(next)], []);
    await activate(helper, tx, [service(former)], []);
    await expectServed(ports, next);
    await helper.client.call("apply.rollback", { tx });
    expect(helper.printed()).toBe("");
    await expectServed(ports, former);
  });
});
