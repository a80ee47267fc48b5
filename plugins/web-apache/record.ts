import { createHash } from "node:crypto";
import { type HostInfo, type SidePorts, sideAddress } from "@patchbay/sdk";
import { type SiteUnit, siteFingerprint } from "@patchbay/web/contract";
import { type MacroArgument, macroArguments, macroName } from "./macros.ts";
import { endpoint } from "./places.ts";
import { quote, quoteForMacro } from "./quote.ts";
import { type SiteShape, siteText } from "./site-text.ts";

/** Longest value that goes into a macro: it inserts into lines of at most 8192 bytes. */
const maxInserted = 4000;

/** What is rendered of a site. */
export interface SiteRecord {
  readonly shape: SiteShape;
  readonly names: readonly string[];
  readonly values: Readonly<Record<Exclude<MacroArgument, "aliases">, string>>;
}

/** The record of a site that Apache serves itself. */
export function toRecord(key: string, unit: SiteUnit): SiteRecord {
  const { https, names, php, redirect, root, state } = unit;
  const kind = state === "suspended" ? "suspended" : redirect ? "redirect" : "site";
  const isSite = kind === "site";
  return {
    shape: { kind, scripts: isSite && php !== null, forced: isSite && https.force, hsts: https.hsts !== null },
    names,
    values: {
      ...noValues,
      name: key,
      file: https.file,
      seal: https.certificate,
      mark: siteFingerprint(unit),
      root: root ?? "",
      socket: php?.socket ?? "",
      code: String(redirect?.code ?? ""),
      target: redirect?.to ?? "",
      hsts: String(https.hsts ?? ""),
    },
  };
}

/** The record of a site that another server answers. */
export function toRelayRecord(key: string, unit: SiteUnit, to: SidePorts): SiteRecord {
  const { https, names } = unit;
  return {
    shape: { kind: "relay", scripts: false, forced: false, hsts: false },
    names,
    values: {
      ...noValues,
      name: key,
      file: https.file,
      seal: https.certificate,
      plain: endpoint(sideAddress, to.http),
      secure: endpoint(sideAddress, to.https),
    },
  };
}

const noValues: SiteRecord["values"] = {
  name: "",
  file: "",
  seal: "",
  mark: "",
  root: "",
  socket: "",
  code: "",
  target: "",
  plain: "",
  secure: "",
  hsts: "",
};

/** True when the site fits into one line. */
export function isLine({ names, values: { root, target } }: SiteRecord): boolean {
  return [names.join(" "), quoteForMacro(root), quoteForMacro(target)].every(
    (text) => Buffer.byteLength(text) <= maxInserted,
  );
}

/** The whole site: a macro's name and its arguments. */
export function toLine({ names, shape, values }: SiteRecord): string {
  const words = macroArguments(shape).map((name) => quoteForMacro(name === "aliases" ? names.join(" ") : values[name]));
  return `Use ${macroName(shape)} ${words.join(" ")}`;
}

/** The site as a virtual host that is written out. */
export function toText(info: HostInfo, { names, shape, values }: SiteRecord, custom?: string): string {
  const { root, target } = values;
  const quoted = { root: quote(root), target: quote(target) };
  return siteText(info, shape, { ...values, ...quoted, aliases: names }, custom);
}

/** First byte of the name's digest, hex: spreads names evenly over 256 files, and stays the same for ever. */
export function bucketOf(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 2);
}

/** Where a site's line is. Few neighbours in each directory: a configuration that is tested links to each of them. */
export function lineFileOf(name: string): string {
  const [directory, file] = bucketOf(name);
  return `sites.d/${directory}/${file}.conf`;
}

/** Where the text of a site is that does not fit into a line. A file name has at most 255 bytes. */
export function ownFileOf(name: string): string {
  const digest = createHash("sha256").update(name).digest("hex");
  const stem = name.length <= 200 ? name : `${name.slice(0, 160)}-${digest.slice(0, 32)}`;
  return `own.d/${digest.slice(0, 2)}/${stem}.conf`;
}
