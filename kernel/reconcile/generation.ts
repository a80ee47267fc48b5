import { ProviderError, type Rendered } from "@patchbay/sdk";
import type { ServiceName } from "@patchbay/sdk/privileged";
import type { Place } from "./deployment.ts";
import { fileId, generationKey, serviceId, sha256, toServiceName } from "./item.ts";
import type { FileRecord, Ledger } from "./ledger.ts";
import { expectedDigest, type FileChange } from "./merge.ts";

/** What proves that a reload of one provider took effect. */
export interface Generation {
  readonly place: Place;
  readonly rendered: Rendered;
}

/** Empty when nothing is reloaded that it is about. Throws ProviderError. */
export async function renderGeneration(
  place: Place,
  number: number,
  reload: readonly ServiceName[],
): Promise<Rendered> {
  const { plugin } = place.candidate;
  const provider = place.candidate.provider();
  const own = reload.filter((service) => service.plugin === plugin);
  if (own.length === 0 || !provider.generation) return {};
  let rendered: Rendered;
  try {
    rendered = await provider.generation(number);
  } catch (cause) {
    throw new ProviderError("terminal", "a generation could not be rendered", { cause });
  }
  if ((rendered.lines ?? []).length > 0) throw new ProviderError("terminal", "a generation has files, not lines");
  const about = rendered.services?.map((ref) => serviceId(toServiceName(plugin, ref)));
  return about && !own.some((service) => about.includes(serviceId(service))) ? {} : rendered;
}

/** Its files, as changes that nobody's unit owns. */
export async function generationFiles(
  ledger: Ledger,
  { place, rendered }: Generation,
  batch: { entry: { slot: { id: string } }; observed: ReadonlyMap<string, string | null> },
): Promise<readonly FileChange[]> {
  const { plugin } = place.candidate;
  const files = rendered.files ?? [];
  const known = await ledger.files(
    plugin,
    files.map((file) => file.path),
  );
  return files.map(({ path, content, secret = false }) => {
    const row = known.find((file) => file.path === path);
    const expect = expectedDigest(fileId(plugin, path), row, batch);
    const owner = { slot: batch.entry.slot.id, key: generationKey };
    const record: FileRecord = { plugin, path, sha256: sha256(content), ...owner, adopted: false, secret };
    return { record, content, expect, items: [] };
  });
}
