/** Two daemons that change places on one port within a transaction, and back. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { PrivilegedOutput, ServiceName } from "@patchbay/sdk/privileged";
import { afterEach, describe, expect, it } from "vitest";
import { eventually, fetchText, freePort, webManifest } from "../host/testing/nginx.ts";
import { HelperRig, type RunningHelper } from "../host/testing/rig.ts";
import type { ManifestLike } from "./options.ts";

let rig: HelperRig;
afterEach(() => rig.end());

const former = { plugin: "web-test", service: "nginx" } as const;
const next = { plugin: "web-other", service: "nginx" } as const;

function manifest(id: string, sharesPorts: boolean): ManifestLike {
  const nginx = webManifest.grants?.services?.["nginx"];
  return { id, grants: { services: nginx ? { nginx: { ...nginx, sharesPorts } } : {} } };
}

function conf(paths: PrivilegedOutput<"hello">["paths"], plugin: string, listen: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${join(paths.state, plugin, name)};`,
  );
  return `worker_processes 1; pid ${join(paths.run, plugin)}/nginx.pid;
error_log ${join(paths.log, plugin)}/error.log notice; events { worker_connections 64; }
http { access_log off; ${temporary.join(" ")}
  server { listen 127.0.0.1:${listen}; location / { return 200 "${plugin}"; } } }
`;
}

/** The former daemon serves the port; what the next one needs is swapped in. */
async function begin(sharesPorts: boolean, env: Readonly<Record<string, string>> = {}) {
  rig = await HelperRig.create([manifest("web-test", sharesPorts), manifest("web-other", sharesPorts)]);
  const helper = await rig.start(env);
  const port = await freePort();
  const { client, hello } = helper;
  const stage = (tx: string, plugin: string) => {
    const content = conf(hello.paths, plugin, `${port}${sharesPorts ? " reuseport" : ""}`);
    return client.call("apply.stage", { tx, plugin, files: [{ path: "nginx.conf", content, expect: null }] });
  };
  const first = randomUUID();
  await stage(first, former.plugin);
  await client.call("apply.swap", { tx: first });
  await client.call("apply.activate", { tx: first, reload: [former], stop: [] });
  await client.call("apply.commit", { tx: first });
  expect(await eventually(() => fetchText(port, "/"), "web-test")).toBe("web-test");
  const tx = randomUUID();
  await stage(tx, next.plugin);
  await client.call("apply.swap", { tx });
  return { helper, port, tx };
}

const activate = ({ client }: RunningHelper, tx: string, reload: ServiceName[], stop: ServiceName[]) =>
  client.call("apply.activate", { tx, reload, stop });
const states = async ({ client }: RunningHelper) => {
  const { services } = await client.call("service.list", {});
  return Object.fromEntries(services.map(({ plugin, state }) => [plugin, state]));
};

describe("daemons that share a port", () => {
  it("are put back as they were, and somebody answers all the time", async () => {
    const { helper, port, tx } = await begin(true);
    await activate(helper, tx, [next], []);
    await activate(helper, tx, [], [former]);
    expect(await eventually(() => fetchText(port, "/"), "web-other")).toBe("web-other");
    let unanswered = 0;
    let isOver = false;
    const asking = (async () => {
      for (let last = performance.now(); !isOver; ) {
        const answered = (await fetchText(port, "/")) !== "";
        if (answered) last = performance.now();
        unanswered = Math.max(unanswered, performance.now() - last);
      }
    })();
    await helper.client.call("apply.rollback", { tx });
    isOver = true;
    await asking;
    expect(unanswered).toBeLessThan(100);
    expect(await states(helper)).toEqual({ "web-test": "running", "web-other": "stopped" });
    expect(await fetchText(port, "/")).toBe("web-test");
  });

  it("are put back when one was told twice", async () => {
    const { helper, port, tx } = await begin(true);
    await activate(helper, tx, [next], []);
    await activate(helper, tx, [], [former]);
    await activate(helper, tx, [former], []);
    await activate(helper, tx, [next], []);
    await helper.client.call("apply.rollback", { tx });
    expect(await states(helper)).toEqual({ "web-test": "running", "web-other": "stopped" });
    expect(await fetchText(port, "/")).toBe("web-test");
  });

  it("stay where they are after the commit", async () => {
    const { helper, port, tx } = await begin(true);
    await activate(helper, tx, [next], []);
    await activate(helper, tx, [], [former]);
    await helper.client.call("apply.commit", { tx });
    expect(await states(helper)).toEqual({ "web-test": "stopped", "web-other": "running" });
    expect(await fetchText(port, "/")).toBe("web-other");
  });

  it.each(["apply.activate:after-service:3", "apply.activate:after:3", "apply.rollback:after-start"])(
    "are put back by the next helper after a death at %s",
    async (step) => {
      const { helper, port, tx } = await begin(true, { PATCHBAY_CRASH_AT: `helper:${step}` });
      const work = async () => {
        await activate(helper, tx, [next], []);
        await activate(helper, tx, [], [former]);
        await helper.client.call("apply.rollback", { tx });
      };
      await expect(work()).rejects.toMatchObject({ kind: "unavailable" });
      await helper.exited;
      const again = await rig.start();
      await again.client.call("apply.recover", {});
      expect(await states(again)).toMatchObject({ "web-test": "running" });
      expect((await states(again))["web-other"]).not.toBe("running");
      expect(await eventually(() => fetchText(port, "/"), "web-test")).toBe("web-test");
    },
  );
});

describe("daemons that do not share a port", () => {
  it("are put back, the new one first out of the way", async () => {
    const { helper, port, tx } = await begin(false);
    await activate(helper, tx, [next], [former]);
    expect(await eventually(() => fetchText(port, "/"), "web-other")).toBe("web-other");
    await helper.client.call("apply.rollback", { tx });
    expect(await states(helper)).toEqual({ "web-test": "running", "web-other": "stopped" });
    expect(await fetchText(port, "/")).toBe("web-test");
  });
});
