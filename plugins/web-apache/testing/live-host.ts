import type { ChildProcess } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { HostInfo, Rendered, Stand } from "@patchbay/sdk";
import type { SiteUnit } from "@patchbay/web/contract";
import { type Answer, ask, type Question } from "../../../test/harness/ask.ts";
import { testHostInfo } from "../../../test/harness/host-info.ts";
import { freePorts } from "../../../test/harness/ports.ts";
import { makeCertificate, type TestCertificate } from "../../../test/harness/site-certificate.ts";
import { createApacheProvider } from "../provider.ts";
import { type ApacheDaemon, createApache, ended, startPhp, until } from "./daemons.ts";
import { createHomes, give, type Homes, type Tenant, web } from "./homes.ts";

/** A directory of its own with real Apache. */
export interface LiveHost extends Pick<Homes, "put" | "link">, Omit<ApacheDaemon, "launch"> {
  readonly info: HostInfo;
  readonly root: string;
  readonly provider: ReturnType<typeof createApacheProvider>;
  /** The server's own certificate. */
  readonly certificate: TestCertificate;
  /** On the public ports. */
  readonly front: Stand;
  /** On the side ports alone. */
  readonly side: Stand;
  /** A site of a tenant, of `public_html` unless it says otherwise. */
  site(tenant: Tenant, name: string, patch?: Partial<SiteUnit>): SiteUnit;
  /** Renders the base and these sites, and lays all of it down in the tree of the plugin, where no other site stays. */
  serve(stand: Stand, units: readonly SiteUnit[], generation?: number): void;
  /** Lays the rendered files and lines down in the tree of the plugin. */
  write(...rendered: readonly Rendered[]): void;
  start(): Promise<void>;
  /** Resolves when the configuration of this generation answers. */
  reloaded(generation: number): Promise<void>;
  /** Starts the PHP pool of a tenant. */
  php(tenant: Tenant): Promise<void>;
  /** Over HTTP, on the public port unless another is named. */
  get(host: string, path: string, more?: Partial<Question>): Promise<Answer>;
  /** Over HTTPS, on the public port unless another is named. */
  getTls(host: string, path: string, more?: Partial<Question>): Promise<Answer>;
  /** What is in a log. */
  log(name: string): string;
  stop(): Promise<void>;
}

/** `at`: another host, whose public ports are this one's as well. */
export async function createLiveHost(at?: HostInfo): Promise<LiveHost> {
  const root = mkdtempSync(join(tmpdir(), "patchbay-apache-"));
  chmodSync(root, 0o755);
  const free = await freePorts();
  const ports = at?.ports ?? { http: free.services + 80, https: free.panel };
  const info = testHostInfo({ root, ports, web, multiUser: process.getuid?.() === 0 });
  const side: Stand = { role: "side", ports: { http: free.panel + 1, https: free.panel + 2 } };
  layDirectories(root);
  const homes = createHomes(info.paths.homes);
  const shared = makeCertificate(["sites.test"]);
  writeFileSync(join(root, "etc/certificates/site.pem"), shared.pem);
  const certificate = makeCertificate(["server.test"]);
  const [privateKey = "", chain = ""] = certificate.pem.split(/(?=-----BEGIN CERTIFICATE)/);
  const provider = createApacheProvider(info, { certificate: chain, privateKey });
  return {
    info,
    root,
    provider,
    certificate,
    front: { ...side, role: "front" },
    side,
    ...homes,
    site: (tenant, name, patch) => ({
      ...plainSite({ tenant, name, home: homes.of(tenant), certificate: shared.fingerprint }),
      ...patch,
    }),
    ...treeOf(join(root, "etc/web-apache"), provider),
    ...running(root, side, info),
    log: (name) => {
      const path = join(root, "log/web-apache", name);
      return existsSync(path) ? readFileSync(path, "utf8") : "";
    },
  };
}

function treeOf(tree: string, provider: LiveHost["provider"]): Pick<LiveHost, "serve" | "write"> {
  const write = (...rendered: readonly Rendered[]) => {
    for (const [path, content] of filesOf(rendered)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), content);
    }
  };
  return {
    write,
    serve: (stand, units, generation = 1) => {
      for (const path of ["sites.d", "own.d"]) rmSync(join(tree, path), { recursive: true, force: true });
      const sites = units.map((unit) => provider.render(unit.names[0] as string, unit));
      write(provider.base(stand), provider.generation(generation), ...sites);
    },
  };
}

type Running = Pick<
  LiveHost,
  "start" | "stop" | "php" | "reloaded" | "get" | "getTls" | keyof Omit<ApacheDaemon, "launch">
>;

function running(root: string, { ports }: Stand, info: HostInfo): Running {
  const { launch, ...daemon } = createApache(root);
  const pools: ChildProcess[] = [];
  const get: LiveHost["get"] = (host, path, more) => ask({ port: info.ports.http, host, path, ...more });
  const generation = { host: "generation.invalid", path: "/.well-known/patchbay/generation" };
  return {
    ...daemon,
    start: async () => {
      launch();
      await until(async () => (await ask({ port: ports.http, host: "start.invalid", path: "/" })).status === 404);
    },
    stop: async () => {
      await Promise.all([daemon.ends("SIGTERM"), ...pools.map((pool) => ended(pool, "SIGTERM"))]);
      rmSync(root, { recursive: true, force: true });
    },
    php: async (tenant) => void pools.push(await startPhp(root, tenant)),
    reloaded: (wanted) => until(async () => (await ask({ port: ports.http, ...generation })).body === String(wanted)),
    get,
    getTls: (host, path, more) => get(host, path, { port: info.ports.https, sni: host, ...more }),
  };
}

function layDirectories(root: string): void {
  for (const path of ["run/web-apache", "run/php", "log/web-apache", "state/web-apache"]) {
    mkdirSync(join(root, path), { recursive: true });
    give(join(root, path), web.uid);
  }
  for (const path of ["etc/web-apache", "etc/certificates"]) mkdirSync(join(root, path), { recursive: true });
}

interface Named {
  readonly tenant: Tenant;
  readonly name: string;
  readonly home: string;
  readonly certificate: string;
}

function plainSite({ tenant, name, home, certificate }: Named): SiteUnit {
  return {
    names: [name],
    kind: "site",
    account: { username: tenant, home },
    state: "active",
    root: `${home}/public_html`,
    php: null,
    redirect: null,
    https: { file: "certificates/site.pem", certificate, force: false, hsts: null },
    includes: {},
  };
}

/** The files of a tree, lines gathered as the kernel does. */
export function filesOf(rendered: readonly Rendered[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const lines = new Map<string, string[]>();
  for (const part of rendered) {
    for (const file of part.files ?? []) files.set(file.path, file.content);
    for (const line of part.lines ?? []) lines.set(line.file, [...(lines.get(line.file) ?? []), line.line]);
  }
  for (const [path, list] of lines) files.set(path, `${list.sort().join("\n")}\n`);
  return files;
}
