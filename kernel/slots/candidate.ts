import type { ProviderEntry, SidePorts, Token } from "@patchbay/sdk";
import type { ProviderPort } from "./provider-port.ts";

/** A backend's entry together with the plugin it came from. */
export interface ProviderSource {
  readonly plugin: string;
  readonly entry: ProviderEntry;
  /** True: the manifest says of its daemon that it shares its public ports with another. */
  readonly sharesPorts: boolean;
  /** The services of the plugin. */
  readonly use: <T>(token: Token<T>) => T;
}

/** One backend that could serve a slot. */
export interface Candidate {
  readonly plugin: string;
  /** Value of the slot's server option. */
  readonly id: string;
  readonly title: string;
  /** Serves the slot while nobody has chosen. */
  readonly isDefault: boolean;
  /** Where it is reached beside the public ports. The same as long as the same backends are there. */
  readonly sidePorts: SidePorts;
  readonly sharesPorts: boolean;
  /** Looks anew each time: packages come and go while the panel runs. */
  installed(): boolean;
  /** The provider, created on first use. Throws what its `create` threw. */
  provider(): ProviderPort;
}

/** Distance of the first side port from the public one, and so of the `i`-th candidate: plus `i`. */
const sideOffsets = { http: 800, https: 520 } as const;

export interface CandidateNeeds {
  /** The public ports of the host. */
  readonly ports: SidePorts;
  readonly installed: (plugin: string) => boolean;
  /** Places of their side ports, by id. Undefined: by the order of their ids. */
  readonly places: ReadonlyMap<string, number> | undefined;
}

/** The backends of one slot, in the given order. */
export function createCandidates(
  sources: readonly ProviderSource[],
  { installed, places, ports }: CandidateNeeds,
): readonly Candidate[] {
  const ids = sources.map(({ entry }) => entry.id).sort();
  return sources.map((source) => {
    const at = places?.get(source.entry.id) ?? ids.indexOf(source.entry.id);
    let made: ProviderPort | undefined;
    return {
      plugin: source.plugin,
      id: source.entry.id,
      title: source.entry.title,
      isDefault: source.entry.default === true,
      sidePorts: { http: ports.http + sideOffsets.http + at, https: ports.https + sideOffsets.https + at },
      sharesPorts: source.sharesPorts,
      installed: () => installed(source.plugin),
      provider: () => {
        made ??= source.entry.create(source.use);
        return made;
      },
    };
  });
}
