import type { HostInfo } from "@patchbay/sdk";
import { type SiteShape, type SiteValues, siteText } from "./site-text.ts";

/**
 * Parameters of the macros in the order of their arguments. mod_macro quotes what stands for a name that begins with `@`, and
 * inserts the others as they are: those hold safe characters alone.
 */
const parameters = {
  name: "%{name}",
  aliases: "%{names}",
  file: "%{file}",
  seal: "%{seal}",
  mark: "%{mark}",
  root: "@{root}",
  socket: "%{socket}",
  code: "%{code}",
  target: "@{target}",
  plain: "%{plain}",
  secure: "%{secure}",
  hsts: "%{hsts}",
} as const satisfies Readonly<Record<keyof SiteValues, string>>;

export type MacroArgument = keyof typeof parameters;

const names = Object.keys(parameters) as MacroArgument[];
const asValues: SiteValues = { ...parameters, aliases: [parameters.aliases] };

/** `PbSiteScriptsForced`. One macro for each shape a site can have. */
export function macroName({ kind, scripts, forced, hsts }: SiteShape): string {
  const parts = [kind, scripts ? "scripts" : "", forced ? "forced" : "", hsts ? "hsts" : ""];
  return `Pb${parts.map((part) => `${part.slice(0, 1).toUpperCase()}${part.slice(1)}`).join("")}`;
}

/** What a line of this shape has to give, in this order. */
export function macroArguments(shape: SiteShape): readonly MacroArgument[] {
  const { kind, scripts, hsts } = shape;
  const used: Readonly<Record<MacroArgument, boolean>> = {
    name: true,
    aliases: true,
    file: true,
    seal: true,
    mark: kind !== "relay",
    root: kind === "site",
    socket: scripts,
    code: kind === "redirect",
    target: kind === "redirect",
    plain: kind === "relay",
    secure: kind === "relay",
    hsts,
  };
  return names.filter((name) => used[name]);
}

const eitherWay = [false, true];

function shapes(): SiteShape[] {
  const plain = { scripts: false, forced: false, hsts: false };
  const stopped = eitherWay.flatMap((hsts) =>
    (["suspended", "redirect"] as const).map((kind) => ({ ...plain, kind, hsts })),
  );
  const served = eitherWay.flatMap((scripts) =>
    eitherWay.flatMap((forced) => eitherWay.map((hsts) => ({ kind: "site", scripts, forced, hsts }) as const)),
  );
  return [...served, ...stopped, { ...plain, kind: "relay" }];
}

/** The definitions of all macros. */
export function macrosText(info: HostInfo): string {
  return shapes()
    .map((shape) => {
      const given = macroArguments(shape).map((name) => parameters[name]);
      return `<Macro ${macroName(shape)} ${given.join(" ")}>\n${siteText(info, shape, asValues)}</Macro>\n`;
    })
    .join("\n");
}
