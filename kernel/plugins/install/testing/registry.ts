import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

interface Published {
  readonly json: { readonly name: string; readonly version: string };
  readonly tarball: Buffer;
}

/** A registry of npm's on loopback, with what was published to it and nothing else. */
export class Registry {
  readonly url: string;
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  readonly #server: Server;
  readonly #packages: Published[];

  private constructor(server: Server, packages: Published[], asked: string[]) {
    this.#server = server;
    this.#packages = packages;
    this.asked = asked;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  static async start(): Promise<Registry> {
    const packages: Published[] = [];
    const asked: string[] = [];
    const server = createServer((req, res) => {
      const path = decodeURIComponent(req.url ?? "/").slice(1);
      asked.push(path);
      const origin = `http://${req.headers.host}/`;
      const file = packages.find((one) => path === fileOf(one));
      const versions = packages.filter(({ json }) => json.name === path);
      if (file) res.end(file.tarball);
      else if (versions.length > 0) res.end(JSON.stringify(packument(versions, origin)));
      else res.writeHead(404).end("{}");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Registry(server, packages, asked);
  }

  /** `tarball`: as `npm pack` made it of the package this is the package.json of. */
  publish(packageJson: string, tarball: string): void {
    this.#packages.push({ json: JSON.parse(packageJson) as Published["json"], tarball: readFileSync(tarball) });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

function fileOf({ json }: Published): string {
  return `-/${json.name.replace("/", "-")}-${json.version}.tgz`;
}

function packument(versions: readonly Published[], origin: string): unknown {
  const [{ json }] = versions as [Published];
  const entries = versions.map((one) => {
    const integrity = `sha512-${createHash("sha512").update(one.tarball).digest("base64")}`;
    return [one.json.version, { ...one.json, dist: { tarball: `${origin}${fileOf(one)}`, integrity } }];
  });
  return {
    name: json.name,
    "dist-tags": { latest: versions.at(-1)?.json.version },
    versions: Object.fromEntries(entries) as unknown,
  };
}
