/** The engine with the real helper and two real nginx, of which one holds the public port. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineProvider, defineSlot, type RenderingProvider, type Stand } from "@patchbay/sdk";
import * as v from "valibot";
import type { ManifestLike } from "../../helper/options.ts";
import { createHost } from "../../host/host.ts";
import { fetchText, freePort, webManifest } from "../../host/testing/nginx.ts";
import { HelperRig, type RunningHelper } from "../../host/testing/rig.ts";
import { createSlotTable } from "../../slots/slot-table.ts";
import { createIds } from "../../storage/ids.ts";
import { createStorage } from "../../storage/storage.ts";
import type { Change, Storage } from "../../storage/types.ts";
import { createReconciler, type ReconcileEngine } from "../engine.ts";
import { reconcileMigrations } from "../migrations.ts";
import type { ChangeResult } from "../types.ts";
import { put } from "./bench.ts";
import { toyMigrations } from "./toy.ts";

const clock = { now: () => Date.now() };
const unit = v.strictObject({ text: v.string() });
type Site = v.InferOutput<typeof unit>;

/** `first` and `second`: plugins `web-test` and `web-other`. */
export type Server = "first" | "second";

function manifest(id: string): ManifestLike {
  const nginx = webManifest.grants?.services?.["nginx"];
  return { id, grants: { services: nginx ? { nginx: { ...nginx, sharesPorts: true } } : {} } };
}

export class NginxBench {
  readonly activations: unknown[] = [];
  readonly #ids = createIds(clock);
  readonly #dir = mkdtempSync(join(tmpdir(), "patchbay-reconcile-nginx-"));
  readonly rig: HelperRig;
  readonly helper: RunningHelper;
  readonly port: number;
  /** A page that the second server does not serve at the front. */
  broken = "";
  chosen: Server = "first";
  storage!: Storage;
  engine!: ReconcileEngine;

  private constructor(rig: HelperRig, helper: RunningHelper, port: number) {
    this.rig = rig;
    this.helper = helper;
    this.port = port;
  }

  static async create(): Promise<NginxBench> {
    const rig = await HelperRig.create([manifest("web-test"), manifest("web-other")]);
    const bench = new NginxBench(rig, await rig.start(), await freePort());
    const file = join(bench.#dir, "panel.db");
    bench.storage = await createStorage({ file, clock, ids: bench.#ids });
    await bench.storage.migrate("reconcile", reconcileMigrations);
    await bench.storage.migrate("toy", toyMigrations);
    bench.engine = bench.#engine();
    await bench.engine.start();
    await bench.engine.idle();
    return bench;
  }

  async end(): Promise<void> {
    await this.engine.stop();
    await this.storage.close();
    await this.rig.end();
    rmSync(this.#dir, { recursive: true });
  }

  /** What the public port answers. */
  fetch(path: string): Promise<string> {
    return fetchText(this.port, path);
  }

  async change(work: (change: Change) => Promise<void>): Promise<ChangeResult> {
    const id = this.#ids.uuid();
    await this.storage.change(work, { id });
    this.engine.wake();
    return this.engine.settled(id);
  }

  set(key: string, text: string | null): Promise<ChangeResult> {
    return this.change((change) => put(change, [["web", key, text]]));
  }

  choose(server: Server): Promise<ChangeResult> {
    this.chosen = server;
    return this.change(async (change) => change.intents.touch("web", ""));
  }

  #provider(plugin: string): RenderingProvider<Site> {
    const services = [{ service: "nginx" }];
    const http = (path: string, body: string) =>
      ({ kind: "http", port: "http", host: "localhost", path, status: 200, body }) as const;
    const line = (key: string, does: string) => {
      return { file: `sites/${key.length % 4}.conf`, key, line: `location = /${key} { ${does} }` };
    };
    return {
      kind: "render",
      audit: () => [],
      base: (stand) => ({ files: [{ path: "nginx.conf", content: this.#mainFile(plugin, stand) }], services }),
      render: (key, { text }) => ({
        lines: [line(key, `return 200 "${text}";`)],
        services,
        probes: [http(`/${key}`, text)],
      }),
      relay: (key, { text }, to) => ({
        lines: [line(key, `proxy_pass http://127.0.0.1:${to.http};`)],
        services,
        probes: [http(`/${key}`, text)],
      }),
      generation: (number) => ({
        files: [{ path: "sites/generation.conf", content: `location = /number { return 200 "${number}"; }\n` }],
        services,
        probes: [http("/number", String(number))],
      }),
    };
  }

  #mainFile(plugin: string, { ports, role }: Stand): string {
    const { paths } = this.helper.hello;
    const at = (dir: string) => `${dir}/${plugin}`;
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${at(paths.state)}/${name};`,
    );
    const front = role === "front" ? `listen 127.0.0.1:${this.port} reuseport;` : "";
    const isBroken = this.broken !== "" && plugin === "web-other" && role === "front";
    const breaks = isBroken ? `if ($uri = "${this.broken}") { return 500; }` : "";
    return `worker_processes 1; pid ${at(paths.run)}/nginx.pid; error_log ${at(paths.log)}/error.log notice;
events { worker_connections 256; }
http { access_log off; ${temporary.join(" ")}
  server { ${front} listen 127.0.0.1:${ports.http};
    ${breaks} location = /who { return 200 "${plugin}"; }
    include sites/*.conf; } }
`;
  }

  #engine(): ReconcileEngine {
    const silent = { info: () => {}, warn: () => {}, error: () => {} };
    const { client, hello } = this.helper;
    const counted: typeof client = {
      call: (op, input, options) => {
        if (op === "apply.activate") this.activations.push(input);
        return client.call(op, input, options);
      },
    };
    const at = { servicesPort: this.port - 80, address: "127.0.0.1", phpVersions: [] };
    const table = this.#table();
    return createReconciler({
      storage: this.storage,
      host: createHost({ hello, client: counted, ...at }),
      logger: silent,
      clock,
      ids: this.#ids,
      slots: () => table,
      crashPoint: () => {},
      probeDeadlineMs: 3000,
      onOutcome: async (change, id, result) =>
        void (await change.db("outcomes").insert({ id, result: JSON.stringify(result) })),
      outcomeOf: async (id) => {
        const sql = "select result from outcomes where id = ?";
        const row = await this.storage.read.get<{ result: string }>(sql, [id]);
        return row && (JSON.parse(row.result) as ChangeResult);
      },
    });
  }

  #table() {
    const use = () => {
      throw new Error("uses nothing");
    };
    const source = (id: Server, plugin: string) => {
      const create = () => this.#provider(plugin);
      const entry = defineProvider<Site>({ slot: "web", id, title: id, create }) as never;
      return { plugin, entry, use, sharesPorts: true };
    };
    return createSlotTable({
      slots: [webSlot as never],
      providers: [source("first", "web-test"), source("second", "web-other")],
      ports: { http: this.port, https: this.port + 363 },
      chosen: () => this.chosen,
      installed: () => true,
    });
  }
}

const webSlot = defineSlot<Site>({
  id: "web",
  title: "Web",
  option: "web_server",
  unit,
  after: [],
  load: async (read, keys) => {
    const rows = await read.all<{ key: string; text: string }>(
      "select key, text from things where key in (select value from json_each(?))",
      [JSON.stringify(keys)],
    );
    return new Map(rows.map(({ key, text }) => [key, { text }]));
  },
  keys: async (read, after, limit) => {
    const rows = await read.all<{ key: string }>("select key from things where key > ? order by key limit ?", [
      after,
      limit,
    ]);
    return rows.map(({ key }) => key);
  },
  assigned: async (read, keys) => {
    const rows = await read.all<{ key: string; home: string }>(
      "select key, home from things where home is not null and key in (select value from json_each(?))",
      [JSON.stringify(keys)],
    );
    return new Map(rows.map(({ key, home }) => [key, home]));
  },
});
