import type { ServiceName } from "@patchbay/sdk/privileged";
import {
  adoptedKey,
  baseKey,
  fileId,
  generationKey,
  type Item,
  isUnitChanged,
  ownerId,
  serviceId,
  sha256,
  toServiceName,
} from "./item.ts";
import type { FileRecord, LineRecord, Snapshot } from "./ledger.ts";

/** One file that has to be written, or removed. */
export interface FileChange {
  readonly record: FileRecord;
  /** Null: to be removed. */
  readonly content: string | null;
  /** Digest of what was applied, which must still be there; null for absent. */
  readonly expect: string | null;
  /** Items that put something into it or take something out. */
  readonly items: readonly Item[];
}

/** What applying items comes to. */
export interface Merge {
  readonly files: readonly FileChange[];
  /** Items of which something in the world changes. */
  readonly effective: readonly Item[];
  readonly reload: readonly ServiceName[];
  readonly stop: readonly ServiceName[];
  /** Services among `reload` that nothing referred to before. */
  readonly start: readonly ServiceName[];
  /** Items that claim a file or line of another unit, or a line with a line feed. */
  readonly clashes: readonly Item[];
}

export interface MergeOptions {
  /** `ownerId` of units that are being removed: what they own there may be taken over. */
  readonly leaving: ReadonlySet<string>;
  /** Digests of files that are known to differ from the ledger, null for missing: these are written over. */
  readonly observed: ReadonlyMap<string, string | null>;
  /** True: reload as if the base had changed, because of something that is not in it. */
  readonly refresh: boolean;
  /** Files of nobody that go. */
  readonly orphans: readonly FileRecord[];
}

interface Target {
  readonly plugin: string;
  readonly path: string;
  content: string | null;
  owner: { slot: string; key: string };
  readonly items: Set<Item>;
  /** False: only rendered again, so an adopted state stays. */
  changed: boolean;
  secret: boolean;
}

/** Puts the rendered items together with what is in the ledger and tells what differs. Pure. */
export function mergeItems(items: readonly Item[], snapshot: Snapshot, options: MergeOptions): Merge {
  const clashes = new Set<Item>();
  const effective = new Set<Item>();
  const targets = new Map<string, Target>();
  for (const orphan of options.orphans) {
    const target = { ...orphan, content: null, owner: orphan, items: new Set<Item>(), changed: true };
    targets.set(fileId(orphan.plugin, orphan.path), target);
  }
  for (const item of items) dropFiles(item, snapshot, targets);
  for (const item of items) if (!placeFiles(item, snapshot, options, targets)) clashes.add(item);
  for (const item of placeLines(items, { snapshot, options, targets, effective })) clashes.add(item);
  const files = [...targets].flatMap(([id, target]) => toChange(id, target, snapshot, options) ?? []);
  // Items that share a file of lines are told apart by their lines, unless the whole file is written again.
  for (const file of files) {
    const shared = file.record.slot === "" && !options.observed.has(fileId(file.record.plugin, file.record.path));
    if (!shared) for (const item of file.items) effective.add(item);
  }
  for (const item of items) {
    if (servicesDiffer(item) || (options.refresh && item.key === baseKey)) effective.add(item);
  }
  return { files, effective: [...effective], clashes: [...clashes], ...services(items, effective, snapshot) };
}

/** Services of which the snapshot must know how many owners refer to them. */
export function servicesInMotion(items: readonly Item[]): readonly ServiceName[] {
  const found = new Map<string, ServiceName>();
  for (const item of items) {
    const before = new Map(servicesBefore(item).map((s) => [serviceId(s), s]));
    const after = new Map(servicesAfter(item).map((s) => [serviceId(s), s]));
    for (const [id, service] of [...before, ...after]) if (before.has(id) !== after.has(id)) found.set(id, service);
  }
  return [...found.values()];
}

function owns(row: { slot: string; key: string } | undefined, item: Item): boolean {
  return row !== undefined && row.slot === item.slot && row.key === item.key;
}

function free(row: { slot: string; key: string } | undefined, item: Item, options: MergeOptions): boolean {
  if (row === undefined || owns(row, item)) return true;
  return options.leaving.has(ownerId(item.plugin, row));
}

function dropFiles(item: Item, snapshot: Snapshot, targets: Map<string, Target>): void {
  const { before, plugin } = item;
  for (const path of before?.rendered.files ?? []) {
    const id = fileId(plugin, path);
    if (!owns(snapshot.files.get(id), item)) continue;
    targets.set(id, { plugin, path, content: null, owner: item, items: new Set([item]), changed: true, secret: false });
  }
}

function placeFiles(item: Item, snapshot: Snapshot, options: MergeOptions, targets: Map<string, Target>): boolean {
  const { plugin } = item;
  for (const { path, content, secret = false } of item.rendered.files ?? []) {
    const id = fileId(plugin, path);
    const target = targets.get(id);
    if (target && target.content !== null) return false;
    const row = snapshot.files.get(id);
    // A null digest is a file that was accepted as absent, so it is nobody's.
    const taken = row !== undefined && row.sha256 !== null && !target && !free(row, item, options);
    if (taken) return false;
    const items = new Set([...(target?.items ?? []), item]);
    const changed = isUnitChanged(item) || [...items].some((other) => other !== item);
    targets.set(id, { plugin, path, content, owner: item, items, changed, secret });
  }
  return true;
}

interface LineWork {
  readonly snapshot: Snapshot;
  readonly options: MergeOptions;
  readonly targets: Map<string, Target>;
  readonly effective: Set<Item>;
}

/** A file of lines that items put something into or take something out of. */
interface SharedFile {
  readonly plugin: string;
  readonly path: string;
  readonly lines: Map<string, LineRecord>;
  readonly items: Set<Item>;
}

function placeLines(items: readonly Item[], { snapshot, options, targets, effective }: LineWork): readonly Item[] {
  const clashes: Item[] = [];
  const files = new Map<string, SharedFile>();
  for (const item of items) {
    for (const { file, key } of item.before?.rendered.lines ?? []) {
      const shared = open(files, snapshot, { item, path: file });
      if (owns(shared.lines.get(key), item)) shared.lines.delete(key);
    }
  }
  for (const item of items) {
    for (const { file, key, line } of item.rendered.lines ?? []) {
      const shared = open(files, snapshot, { item, path: file });
      if (line.includes("\n") || !free(shared.lines.get(key), item, options)) clashes.push(item);
      else shared.lines.set(key, { line, slot: item.slot, key: item.key });
    }
  }
  for (const [id, shared] of files) {
    const moved = [...shared.items].filter((item) => linesDiffer(item, shared, snapshot));
    for (const item of moved) effective.add(item);
    const isTaken = (targets.get(id)?.content ?? null) !== null || snapshot.files.get(id)?.key === adoptedKey;
    const { plugin, path } = shared;
    const target = { plugin, path, content: toText(shared.lines), owner: { slot: "", key: "" }, items: shared.items };
    if (isTaken) clashes.push(...shared.items);
    else targets.set(id, { ...target, changed: moved.length > 0, secret: false });
  }
  return clashes;
}

function open(files: Map<string, SharedFile>, snapshot: Snapshot, at: { item: Item; path: string }): SharedFile {
  const { item, path } = at;
  const id = fileId(item.plugin, path);
  const known = files.get(id);
  const shared = known ?? { plugin: item.plugin, path, lines: new Map(snapshot.lines.get(id)), items: new Set<Item>() };
  shared.items.add(item);
  files.set(id, shared);
  return shared;
}

/** Sorted by the bytes of the keys, so that a file depends on its lines alone. Without lines there is no file. */
export function toText(lines: ReadonlyMap<string, LineRecord>): string | null {
  if (lines.size === 0) return null;
  const sorted = [...lines].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return sorted.map(([, { line }]) => `${line}\n`).join("");
}

function linesDiffer(item: Item, { plugin, path }: SharedFile, snapshot: Snapshot): boolean {
  const old = snapshot.lines.get(fileId(plugin, path));
  const after = (item.rendered.lines ?? []).filter((line) => line.file === path);
  const before = (item.before?.rendered.lines ?? []).filter((line) => line.file === path);
  if (before.some(({ key }) => owns(old?.get(key), item) && !after.some((line) => line.key === key))) return true;
  return after.some(({ key, line }) => old?.get(key)?.line !== line || !owns(old.get(key), item));
}

function toChange(id: string, target: Target, snapshot: Snapshot, options: MergeOptions): FileChange | undefined {
  const row = snapshot.files.get(id);
  const expect = expectedDigest(id, row, options);
  const digest = target.content === null ? null : sha256(target.content);
  // What is there already may still have to enter the ledger.
  if (digest === expect && digest === (row?.sha256 ?? null)) return undefined;
  if (row?.adopted && !target.changed && !options.observed.has(id)) return undefined;
  const { plugin, path, owner } = target;
  const { slot, key } = owner;
  // What a secret file held stays secret when it becomes another, or goes.
  const secret = target.secret || row?.secret === true;
  return {
    record: { plugin, path, sha256: digest, slot, key, adopted: false, secret },
    content: target.content,
    expect,
    items: [...target.items],
  };
}

/** The digest that must be in place for a file to be written. */
export function expectedDigest(
  id: string,
  row: FileRecord | undefined,
  options: Pick<MergeOptions, "observed">,
): string | null {
  const observed = options.observed.get(id);
  return observed === undefined ? (row?.sha256 ?? null) : observed;
}

function servicesBefore(item: Item): readonly ServiceName[] {
  return (item.before?.rendered.services ?? []).map((ref) => toServiceName(item.plugin, ref));
}

function servicesAfter(item: Item): readonly ServiceName[] {
  return (item.rendered.services ?? []).map((ref) => toServiceName(item.plugin, ref));
}

function servicesDiffer(item: Item): boolean {
  const ids = (services: readonly ServiceName[]) => [...new Set(services.map(serviceId))].sort().join("\n\n");
  return ids(servicesBefore(item)) !== ids(servicesAfter(item));
}

function services(items: readonly Item[], effective: ReadonlySet<Item>, snapshot: Snapshot) {
  const held = new Map<string, number>();
  const kept = new Set<string>();
  for (const item of items) {
    for (const id of new Set(servicesBefore(item).map(serviceId))) held.set(id, (held.get(id) ?? 0) + 1);
    for (const service of servicesAfter(item)) kept.add(serviceId(service));
  }
  const concerned = new Map<string, ServiceName>();
  for (const item of effective) {
    for (const service of [...servicesBefore(item), ...servicesAfter(item)]) concerned.set(serviceId(service), service);
  }
  const others = (id: string) => (snapshot.references.get(id) ?? 0) > (held.get(id) ?? 0);
  const stop = [...concerned].filter(([id]) => !kept.has(id) && !others(id)).map(([, service]) => service);
  const reload = [...concerned].filter(([id]) => kept.has(id) || others(id)).map(([, service]) => service);
  const start = reload.filter((service) => snapshot.references.get(serviceId(service)) === 0);
  return { reload, stop, start };
}

/** True for the file of a generation, which is ours alone: nobody has a reason to edit it. */
export function isGenerationFile(file: FileRecord): boolean {
  return file.key === generationKey;
}
