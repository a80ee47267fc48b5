import type { RenderedFile } from "@patchbay/sdk";
import { deploy } from "./deployment.ts";
import { unifiedDiff } from "./diff.ts";
import type { Difference, DriftDeps, Found } from "./difference.ts";
import { adoptedKey, baseKey, fileId, generationKey, hashOf } from "./item.ts";
import type { FileRecord, Ledger } from "./ledger.ts";
import { toText } from "./merge.ts";
import { observeFiles, readGeneration } from "./pending.ts";
import { loadWishes } from "./prepare.ts";
import { concealed } from "./secrets.ts";

/** With more files than this in a tree the answer would not fit into a message: then extra ones are not looked for. */
const mostFiles = 20_000;

/** Files of one tree that are changed, missing or extra. Their diffs are empty. */
export async function findFiles(
  { host }: DriftDeps,
  ledger: Ledger,
  { plugin, slot }: { plugin: string; slot: string },
): Promise<readonly Found[]> {
  const files = await ledger.pluginFiles(plugin);
  const actual = await observeTree(host, plugin, files);
  const found: Found[] = [];
  const note = (file: FileRecord, digest: string | null, kind: Difference["kind"]) => {
    const id = hashOf([plugin, file.path, digest]).slice(0, 32);
    const drift = { id, slot: file.slot || slot, plugin, target: file.path, kind, diff: "" };
    found.push({ drift, file, actual: digest });
  };
  for (const file of files) {
    const digest = actual.get(file.path) ?? null;
    actual.delete(file.path);
    if (digest === file.sha256) continue;
    if (file.key !== adoptedKey) note(file, digest, digest === null ? "missing" : "changed");
    else if (digest !== null) note(file, digest, "extra");
  }
  // Nobody knows what is in a file of another hand: beside secrets it may be one.
  const secret = files.some((file) => file.secret);
  for (const [path, digest] of actual) {
    if (digest === null) continue;
    note({ plugin, path, sha256: digest, slot: "", key: adoptedKey, adopted: true, secret }, digest, "extra");
  }
  return found;
}

async function observeTree(
  host: DriftDeps["host"],
  plugin: string,
  files: readonly FileRecord[],
): Promise<Map<string, string | null>> {
  if (files.length > mostFiles) {
    const digests = await observeFiles(host, files);
    return new Map(files.map((file, at) => [file.path, digests[at] ?? null]));
  }
  const { digests } = await host.helper.call("tree.digest", { plugin });
  return new Map(Object.entries(digests));
}

/** Adds what differs in a file. Of a secret only that it does. */
export async function showFile(deps: DriftDeps, ledger: Ledger, found: Found): Promise<Found> {
  const { drift, file } = found;
  if (!file) return found;
  if (file.secret) return { ...found, drift: { ...drift, diff: concealed(file.path) } };
  const { content } = await deps.host.helper.call("tree.read", { plugin: file.plugin, path: file.path });
  const ours = drift.kind === "extra" ? null : await ourVersion(deps, ledger, file);
  return { ...found, drift: { ...drift, diff: unifiedDiff(file.path, { from: ours, to: content }) } };
}

/** What we would write; null when it cannot be told. */
async function ourVersion(deps: DriftDeps, ledger: Ledger, file: FileRecord): Promise<string | null> {
  if (file.slot === "") {
    const lines = await ledger.lines(file.plugin, [file.path]);
    return toText(lines.get(fileId(file.plugin, file.path)) ?? new Map());
  }
  const files = await renderOwner(deps, ledger, file);
  return files.find((rendered) => rendered.path === file.path)?.content ?? null;
}

async function renderOwner(deps: DriftDeps, ledger: Ledger, file: FileRecord): Promise<readonly RenderedFile[]> {
  const entry = deps.table.get(file.slot);
  const deployment = entry && (await deploy(entry, ledger, deps.standing(file.slot)));
  const place = deployment?.of(file.plugin);
  if (!deployment || !place) return [];
  const provider = place.candidate.provider();
  if (file.key === baseKey) return (await provider.base?.(place.stand))?.files ?? [];
  if (file.key === generationKey) return (await provider.generation?.(await readGeneration(ledger)))?.files ?? [];
  const row = (await ledger.units(file.slot, [file.key])).get(file.key)?.find((unit) => unit.plugin === file.plugin);
  if (!row || provider.kind !== "render") return [];
  if (row.role !== "relay") return (await provider.render(file.key, row.unit)).files ?? [];
  const { assigned } = await loadWishes(deployment.entry, deps.storage.read, [file.key]);
  const to = deployment.entry.candidates.find(({ id }) => id === assigned.get(file.key))?.sidePorts;
  return (to && (await provider.relay?.(file.key, row.unit, to))?.files) ?? [];
}
