import type { HookKind } from "@patchbay/sdk";
import { standardDeadlines } from "../hooks/deadline.ts";
import type { Declaration } from "./declarations.ts";
import { code, contractFiles, generated, membersOf, type PublicFile, sdkFiles, table } from "./reference-source.ts";

/** One hook as its owner published it. */
export interface PublishedHook {
  readonly id: string;
  readonly kind: HookKind;
  /** Name of the constant. */
  readonly constant: string;
  readonly file: PublicFile;
  /** Name of the payload's interface. */
  readonly payload: string;
  readonly doc: Declaration["doc"];
}

const definition = /^= defineHook<"(\w+)", (\w+)>\("(\w+)", "([\w.-]+)"\);$/;

/** Every hook of the SDK and of the contracts, by id. Throws for one whose definition or payload cannot be read. */
export function publishedHooks(root: string): readonly PublishedHook[] {
  const hooks = [...sdkFiles(root, ["kernel-hooks"]), ...contractFiles(root)].flatMap((file) =>
    file.declarations.flatMap((one) => toHook(file, one)),
  );
  return hooks.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function toHook(file: PublicFile, { doc, head, kind, name }: Declaration): PublishedHook[] {
  if (kind !== "const" || !head.startsWith("= defineHook")) return [];
  const [, type, payload = "", value, id = ""] = definition.exec(head) ?? [];
  if (value === undefined || type !== value) throw new Error(`${file.owner}: the hook ${name} cannot be read`);
  if (!membersOf(file, payload))
    throw new Error(`${file.owner}: the payload of ${id} is no interface of the same file`);
  return [{ id, kind: value as HookKind, constant: name, file, payload, doc }];
}

const seconds = (kind: HookKind) => `${standardDeadlines[kind] / 1000} s`;

interface KindFacts {
  readonly fires: string;
  readonly may: string;
  readonly failure: string;
}

const kinds: Readonly<Record<HookKind, KindFacts>> = {
  veto: {
    fires: "before anything is changed, also in a dry run",
    may: "refuse, with a code and a message for the caller. It cannot alter anything, and its silence overrules no other tap.",
    failure: "fails closed: a tap that throws, is late or answers anything else refuses, with HOOK_FAILED (503).",
  },
  transform: {
    fires: "after the vetoes and before anything is changed, also in a dry run",
    may: "answer the next value, which is checked again after every tap.",
    failure:
      "fails closed: a tap that throws, is late or answers a value that is not valid refuses, with HOOK_FAILED (503).",
  },
  guarded: {
    fires: "inside the transaction of a change, also in a dry run, where it is rolled back",
    may: "read and write through `payload.change`, as a part of the change; refuse by throwing a `PanelError`.",
    failure: "the whole change is rolled back. The caller gets the `PanelError`; anything else is HOOK_FAILED (503).",
  },
  notify: {
    fires:
      "once the change is final and its units are live; not in a dry run, and never when the change is taken back. A plugin " +
      "that is not enabled at that time misses it",
    may: "do whatever it likes, except for changing what has happened.",
    failure:
      "never affects the change. It is told again, later and later, ten times in about half an hour; so it may be told twice " +
      "and must not mind. Other plugins are told on their own.",
  },
};

/** Where an author may tap: `guarded` hooks carry the change that is under way, which does not leave the panel's process. */
const whereOf = (kind: HookKind) => (kind === "guarded" ? "kernel" : "kernel, process");

const intro = `A hook is a named point where a plugin takes part in what the panel does. Its owner publishes it as a typed constant; a plugin
taps it with \`to.tap(hook, async (payload, { signal }) => …)\`, and may say where it stands among others
(\`{ stage: "early" }\`, \`{ after: ["web"] }\`). Payloads are frozen copies, but for the change that guarded hooks carry. No
payload holds a password, key or token. When time is up, \`signal\` is aborted and the tap counts as failed. Failures count as faults of
the plugin, which is taken out when there are too many.

\`\`\`ts
import { accountCreated } from "@patchbay/kernel/contracts/accounts";
import { definePlugin, Logger } from "@patchbay/sdk";

export default definePlugin((to) => {
  to.tap(accountCreated, async ({ username }) => to.use(Logger).info("welcome", { username }));
});
\`\`\`
`;

const everyChange = `## Every change

Each operation that changes something has two hooks of its own besides those below; [operations](operations.md) lists them all
(the routes with POST and DELETE). They run in this order, after it is known that the caller may do it.

| hook | kind | payload | to tap it |
|---|---|---|---|
| \`<operation>.before\` | veto | \`{ input, caller: { userId, username, role } }\`; the input without its secrets | \`beforeHook("domains.add")\` |
| \`<operation>.input\` | transform | the input without its secrets, parsed again after every tap; the object it is about cannot be changed | \`inputHook("domains.add")\` |
`;

const notHere = `## What is not here

- **Mailboxes, databases, FTP, backups, cron:** their hooks come with the plugins that own these things. They publish them as the
  plugins here do, in their \`contract.ts\`, and then they stand on this page.
- **Altering rendered configuration.** What a backend renders is tested by its daemon, compared after a switch, and shown as drift
  when another hand changes it; a plugin in between would make all of that a lie, and its text would be lost with the next backend.
  Look at it with \`config.rendered\` and refuse it; change what it is made from with \`domains.update.input\`; add text to one
  site with \`domains.save-include\`, or to a server with files in \`local.d/\` of its tree, which the panel never touches; or
  write a backend.
`;

/** Every hook there is: when it fires, what it may do, what failure means. */
export function hooksPage(root: string): string {
  const hooks = publishedHooks(root);
  const kindRows = (Object.entries(kinds) as [HookKind, KindFacts][]).map(([kind, { failure, fires, may }]) => {
    return [`**${kind}**`, fires, may, failure, seconds(kind), whereOf(kind)];
  });
  const index = hooks.map(({ id, kind, doc }) => [`[\`${id}\`](#${anchorOf(id)})`, kind, titleOf(doc.text)]);
  return [
    "# Hooks\n",
    generated,
    intro,
    "## Kinds\n",
    `${table(["kind", "fires", "a tap may", "failure", "deadline of a tap", "isolation"], kindRows)}\n`,
    everyChange,
    `## All others\n\n${table(["hook", "kind", "what has happened, or is about to"], index)}\n`,
    hooks.map(hookSection).join("\n"),
    notHere,
  ].join("\n");
}

/** As GitHub makes them of headings. */
function anchorOf(id: string): string {
  return id.replaceAll(".", "");
}

function titleOf(text: string): string {
  return text.split("\n")[0] ?? "";
}

function hookSection({ constant, doc, file, id, kind, payload }: PublishedHook): string {
  const facts = kinds[kind];
  const fields = (membersOf(file, payload) ?? []).map((member) => [
    code(member.name + (member.isOptional ? "?" : "")),
    code(member.type),
    member.doc.text,
  ]);
  return `### ${id}

${doc.text}

- **Kind:** ${kind}; ${seconds(kind)} for each tap; isolation: ${whereOf(kind)}
- **When:** ${doc.tags.get("when") ?? ""}
- **A tap may** ${lowerFirst(doc.tags.get("may") ?? facts.may)}
- **Failure:** ${upperFirst(doc.tags.get("failure") ?? facts.failure)}
- **Import:** \`import { ${constant} } from "${file.module}";\` payload \`${payload}\`

${table(["field", "type", "meaning"], fields)}
`;
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
