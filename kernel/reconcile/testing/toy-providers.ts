/** Backends of the toy slots. */
import {
  type ExecutingProvider,
  executeEach,
  type Provider,
  ProviderError,
  type Rendered,
  type RenderingProvider,
  type Stand,
} from "@patchbay/sdk";
import * as v from "valibot";

export const toyUnit = v.strictObject({ text: v.string() });
export type ToyUnit = v.InferOutput<typeof toyUnit>;

/** The world outside, which an executing provider works on. */
export class ToyWorld {
  readonly hosts = new Map<string, string>();
  readonly calls: string[] = [];
  /** Called inside a call, after half of its work; may throw. */
  during: (key: string) => void = () => {};
}

export function hosts(world: ToyWorld, base?: ExecutingProvider["base"]): ExecutingProvider<ToyUnit> {
  return {
    kind: "execute",
    audit: () => [],
    ...(base ? { base } : {}),
    execute: executeEach({
      apply: async (key, { text }, previous) => {
        world.calls.push(`apply ${key} ${text} ${previous?.text ?? "-"}`);
        world.hosts.set(key, "half done");
        world.during(key);
        world.hosts.set(key, text);
      },
      remove: async (key) => {
        world.calls.push(`remove ${key}`);
        world.during(key);
        world.hosts.delete(key);
      },
    }),
    drifted: async (units) => {
      const different = [...units].filter(([key, { text }]) => world.hosts.get(key) !== text);
      return different.map(([key, { text }]) => {
        const actual = world.hosts.get(key);
        return { key, wanted: `${text}\n`, actual: actual === undefined ? null : `${actual}\n` };
      });
    },
  };
}

/** What an executing provider needs first: a file and a daemon. */
export function zoneBase(): Rendered {
  return { files: [{ path: "zoned.conf", content: "zones\n" }], services: [{ service: "zoned" }] };
}

export const pools: Provider<ToyUnit> = {
  kind: "render",
  audit: () => [],
  base: () => ({ files: [{ path: "common.conf", content: "common\n" }] }),
  render: (key, { text }) => {
    const body = `pool ${key} ${text}`;
    return {
      files: [{ path: `pool.d/${key}.conf`, content: `${body}\n` }],
      services: [{ service: "pool", instance: key }],
      probes: [{ kind: "http", port: "http", host: `${key}.test`, path: "/", body }],
    };
  },
};

/** Options of the sites' provider, which a test may change between passes. */
export interface SitesOptions {
  base: string;
  /** Put into every line. */
  dialect: string;
}

const service = { service: "daemon" };

/** Sites as lines of shared files; with a text of `own` or `secret` each has a file too. */
export function sites(options: SitesOptions): RenderingProvider<ToyUnit> {
  const file = (key: string) => `lines/${key.length % 4}.map`;
  const probes = (key: string, text: string) =>
    [{ kind: "http", port: "http", host: `${key}.test`, path: "/", body: `${key} ${text};` }] as const;
  return {
    kind: "render",
    audit: ({ text }) => {
      if (text === "unsupported") return [{ field: "text", message: "cannot be said" }];
      return text.startsWith("lossy") ? [{ field: "text", message: "loses its colour", lost: true }] : [];
    },
    base: (stand) => ({
      files: [{ path: "main.conf", content: `${options.base}\n${standLine(stand)}` }],
      services: [service],
    }),
    render: (key, { text }) => {
      if (text === "throws") throw new Error("a bug");
      if (text === "invalid") throw new ProviderError("invalid", "no");
      return {
        lines: [{ file: file(key), key: text === "thief" ? "s1" : key, line: `${options.dialect} ${key} ${text};` }],
        files: ownFiles(key, text),
        services: [service],
        probes: probes(key, text),
      };
    },
    relay: (key, { text }, to) => ({
      lines: [{ file: file(key), key, line: `${options.dialect} ${key} via ${to.http};` }],
      services: [service],
      probes: probes(key, text),
    }),
    generation: (number) => ({
      files: [{ path: "generation.conf", content: `generation ${number}\n` }],
      services: [service],
      probes: [{ kind: "http", port: "http", host: "generation.test", path: "/", body: `generation ${number}\n` }],
    }),
  };
}

function standLine({ ports, role }: Stand): string {
  return role === "front" ? "" : `side ${ports.http}\n`;
}

function ownFiles(key: string, text: string) {
  if (text.startsWith("own")) return [{ path: `sites/${key}.conf`, content: `${text}\n` }];
  return text.startsWith("secret") ? [{ path: `keys/${key}.pem`, content: `${text}\n`, secret: true }] : [];
}
