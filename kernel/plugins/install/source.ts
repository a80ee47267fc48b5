import { constants } from "node:fs";
import { access, lstat, open } from "node:fs/promises";
import { dirname } from "node:path";
import { PanelError } from "@patchbay/sdk";
import { limits, ownerProblems, readTree, type Tree, treeProblems } from "./files.ts";

/** Where a plugin comes from. */
export interface PluginPlace {
  readonly kind: "folder" | "tarball" | "name";
  /** As npm takes it. */
  readonly spec: string;
}

const npmName = /^(?:@[a-z0-9~][a-z0-9._~-]{0,100}\/)?[a-z0-9~][a-z0-9._~-]{0,100}$/;
const npmVersion = /^[A-Za-z0-9^~<>=][A-Za-z0-9.+^~<>=*-]{0,63}$/;
/** npm reads some other characters of a path as it does those of a URL. */
const plainPath = /^\/[A-Za-z0-9._@+~/-]{1,1000}$/;

/** What the source of an installation is. Throws INVALID_INPUT or PLUGIN_SOURCE_UNREADABLE, naming the rule. */
export async function findSource(source: string): Promise<PluginPlace> {
  if (!source.startsWith("/")) {
    const at = source.lastIndexOf("@");
    const [name, version] = at > 0 ? [source.slice(0, at), source.slice(at + 1)] : [source, undefined];
    if (npmName.test(name) && (version === undefined || npmVersion.test(version)))
      return { kind: "name", spec: source };
    throw wrongSource("must be the absolute path of a folder or tarball, or an npm name with an optional @version");
  }
  if (!plainPath.test(source)) throw wrongSource("may only have letters, digits and . _ - @ + ~ in its path");
  const stat = await lstat(source).catch(unreadable);
  if (stat.isDirectory()) return { kind: "folder", spec: source };
  if (stat.isFile() && /\.(?:tgz|tar\.gz)$/.test(source)) return { kind: "tarball", spec: source };
  throw wrongSource("must be a folder or a .tgz file; a link is not followed");
}

/** What is wrong with a source before anything of it is unpacked. For people. */
export async function sourceProblems({ kind, spec }: PluginPlace): Promise<readonly string[]> {
  if (kind === "name") return [];
  if (kind === "folder") {
    const tree = await readFolder(spec);
    const { uid } = await lstat(spec);
    return [...(await treeProblems(spec, tree)), ...ownerProblems(tree, uid), ...(await ownProblems(spec))];
  }
  await readable(spec);
  const { mode, uid, size } = await lstat(spec);
  const tree = { entries: [{ path: "the tarball", kind: "file", size, mode, uid }], directories: [] } as const;
  return [
    ...ownerProblems({ ...tree, bytes: size, tooLarge: false }, uid),
    ...(size > limits.bytes ? ["it is too large: leave out what it does not need"] : []),
  ];
}

/** Dependencies and history are not packed. */
async function readFolder(folder: string): Promise<Tree> {
  try {
    const tree = await readTree(folder, (path) => path === "node_modules" || path === ".git");
    await Promise.all(
      tree.entries.filter(({ kind }) => kind === "file").map(({ path }) => access(`${folder}/${path}`, constants.R_OK)),
    );
    return tree;
  } catch (error) {
    return unreadable(error);
  }
}

/** Whoever may write to the folder above can put another in its place. */
async function ownProblems(folder: string): Promise<string[]> {
  const above = await lstat(dirname(folder)).catch(unreadable);
  const anybody = (above.mode & 0o022) !== 0 && (above.mode & 0o1000) === 0;
  return anybody ? ["others may write to the directory it is in; move it elsewhere or chmod go-w that directory"] : [];
}

async function readable(file: string): Promise<void> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(unreadable);
  await handle.close();
}

function unreadable(error: unknown): never {
  const code = (error as { code?: string }).code;
  if (code === "ENOENT" || code === "ENOTDIR") throw wrongSource("names nothing that is there");
  if (code !== "EACCES" && code !== "EPERM" && code !== "ELOOP") throw error;
  throw new PanelError("PLUGIN_SOURCE_UNREADABLE", {
    status: 422,
    message:
      "The panel's own user cannot read this plugin, or cannot reach it. Open it and the directories above it with " +
      "chmod o+rX, or copy it to a place that is open, such as below /srv.",
  });
}

function wrongSource(rule: string): PanelError {
  return new PanelError("INVALID_INPUT", {
    status: 400,
    message: "The request is not valid.",
    fields: [{ field: "source", code: "format", message: rule }],
  });
}
