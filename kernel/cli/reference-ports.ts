import type { Declaration, Doc, Member } from "./declarations.ts";
import { code, contractFiles, generated, membersOf, type PublicFile, sdkFiles, table } from "./reference-source.ts";

const intro = `Everything a plugin can reach. It declares what it adds in \`contribute\`, and asks for services by their token:
\`to.use(Clock)\` in \`contribute\` and in what it returns, \`ctx.use(Clock)\` in operations and tasks; \`ctx.find\` answers
undefined where nobody provides one.

A plugin runs in the panel's own process or in one of its own (\`isolation\` in its [manifest](manifest.md)). The column
*isolation* says where each part is there; what is not there is refused when the plugin is loaded, or throws when it is asked for.
In a process of its own an operation's \`ctx\` has \`principal\`, \`now\`, \`operationId\`, \`dryRun\`, \`use\` and \`find\`, and
in a change \`emit\`, \`note\` and \`start\`; it has no \`read\`, \`db\`, \`intents\`, \`run\` and \`setSession\`.
`;

/** What a plugin can declare and use, and where. */
export function portsPage(root: string): string {
  const sdk = sdkFiles(root, ["plugin", "services", "store"]);
  const contracts = contractFiles(root);
  const contributions = sdk.flatMap((file) => membersOf(file, "Contributions") ?? []);
  const declared = contributions.map((member) => [code(member.name), whereOf(member.doc), member.doc.text]);
  const own = sdk.flatMap((file) => servicesOf(file));
  const others = contracts.flatMap((file) => servicesOf(file));
  const slots = contracts.flatMap(slotsOf);
  const index = (services: readonly Service[]) =>
    table(
      ["token", "isolation", "what it is"],
      services.map(({ doc, name, where }) => [`[\`${name}\`](#${name.toLowerCase()})`, where, doc.text]),
    );
  return [
    "# Ports of a plugin\n",
    generated,
    intro,
    `## What a plugin declares\n\n${table(["`to.`", "isolation", "what it is"], declared)}\n`,
    `## Services of the panel\n\n\`import { Clock } from "@patchbay/sdk";\`\n\n${index(own)}\n`,
    own.map(serviceSection).join("\n"),
    `## Services of the plugins that come with the panel\n\nFor plugins that name their owner in \`requires\`, in the panel's process.\n\n${index(others)}\n`,
    others.map(serviceSection).join("\n"),
    `## Slots\n\nWhat backends fill. The unit, and how its keys are made, stand in the contract.\n\n${table(["slot", "contract", "what it is"], slots)}\n`,
  ].join("\n");
}

interface Service {
  readonly name: string;
  readonly id: string;
  readonly module: string;
  readonly doc: Doc;
  readonly where: string;
  readonly members: readonly Member[];
}

const definition = /^= token<(\w+)>\("([\w.-]+)"\);$/;

function servicesOf(file: PublicFile): Service[] {
  return file.declarations.flatMap((one) => {
    const [, type = "", id] = (one.kind === "const" && definition.exec(one.head)) || [];
    if (id === undefined) return [];
    const contract = file.declarations.find(({ kind, name }) => kind === "interface" && name === type);
    // A service of a plugin lives where its owner does.
    const where = file.owner === "sdk" ? whereOf(one.doc) : "kernel";
    const doc = one.doc.text === "" && contract ? contract.doc : one.doc;
    return [{ name: one.name, id, module: file.module, doc, where, members: membersOf(file, type) ?? [] }];
  });
}

function serviceSection({ doc, id, members, module, name, where }: Service): string {
  const rows = members.map((member) => [
    code(`${member.name}${member.isOptional ? "?" : ""}`),
    code(member.type),
    member.doc.text,
  ]);
  const about = members.length === 0 ? "" : `\n${table(["member", "type", "meaning"], rows)}\n`;
  return `### ${name}\n\n${doc.text} Token \`${id}\`, from \`${module}\`; isolation: ${where}.\n${about}`;
}

function slotsOf({ declarations, module }: PublicFile): string[][] {
  return declarations.flatMap(({ doc, head, kind, name }: Declaration) => {
    const id = kind === "const" && name.endsWith("SlotId") ? /^= "(\w+)";$/.exec(head)?.[1] : undefined;
    return id === undefined ? [] : [[code(id), code(module), doc.text]];
  });
}

function whereOf({ tags }: Doc): string {
  return tags.get("isolation") ?? "kernel, process";
}
