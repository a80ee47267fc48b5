import { type ExecutingProvider, executeEach, type Issue, type RenderingProvider, type Unit } from "@patchbay/sdk";

/** What tests change about the backends of a test panel. Keys and sets are by the provider's id. */
export interface Whims {
  /** What a provider cannot express. */
  readonly issues: ReadonlyMap<string, (unit: Unit) => readonly Issue[]>;
  /** Units that no daemon of the provider accepts. */
  readonly broken: ReadonlyMap<string, readonly string[]>;
  /** What the executing providers were told, `cloud/a`. */
  readonly world: Set<string>;
  /** Of that, what they find changed. */
  readonly drifted: ReadonlySet<string>;
}

/** A file that no daemon accepts. */
export const brokenFile = "broken\n";

/** A backend with a daemon, whose main file tells where it stands: `new front`. */
export function daemon(id: string, { issues, broken }: Whims): RenderingProvider {
  const services = [{ service: "daemon" }];
  return {
    kind: "render",
    audit: (unit) => issues.get(id)?.(unit) ?? [],
    base: ({ role }) => ({ files: [{ path: "main.conf", content: `${id} ${role}\n` }], services }),
    render: (key) => {
      const body = `${id} serves ${key}`;
      const isBroken = broken.get(id)?.includes(key) === true;
      return {
        files: [{ path: `units/${key}.conf`, content: isBroken ? brokenFile : `${body}\n` }],
        services,
        probes: [{ kind: "http", port: "http", host: key, path: "/", body }],
      };
    },
  };
}

/** A backend that is told what to do. */
export function remote(id: string, { world, drifted }: Whims): ExecutingProvider {
  return {
    kind: "execute",
    audit: () => [],
    execute: executeEach({
      apply: async (key) => void world.add(`${id}/${key}`),
      remove: async (key) => void world.delete(`${id}/${key}`),
    }),
    drifted: async (units) =>
      [...units.keys()]
        .filter((key) => drifted.has(`${id}/${key}`) || !world.has(`${id}/${key}`))
        .map((key) => ({ key, wanted: key, actual: null })),
  };
}
