import { createInterface } from "node:readline";
import type { InstallAnswer } from "../plugins/install/answer.ts";

/** What an admin is shown before saying yes. */
export function toAsksText({
  asks,
  ...plugin
}: Pick<InstallAnswer, "id" | "title" | "version" | "asks"> & Partial<InstallAnswer>): string {
  const { signer } = plugin;
  const lines = [
    `${plugin.title} (${plugin.id} ${plugin.version})${plugin.replaces ? `, in place of ${plugin.replaces}` : ""}`,
    ...(signer === undefined ? [] : [`  signed by       ${signer === null ? "NOBODY" : signerText(signer)}`]),
    `  runs            ${
      asks.isolation === "kernel"
        ? "IN THE PANEL'S OWN PROCESS: it can reach everything the panel can"
        : `in a process of its own, with at most ${asks.memory_mb} MiB`
    }`,
    ...asks.requires.map((id) => `  works with      ${id}`),
    ...asks.packages.map(
      ({ apt, reason, installed }) => `  system package  ${apt}${installed ? " (is there)" : ""}: ${reason}`,
    ),
    ...asks.services.map(
      ({ title, user, argv }) =>
        `  runs a service  ${title}, as ${user === "root" ? "ROOT" : "the web user"}: ${argv.join(" ")}`,
    ),
    ...(asks.tree ? ["  keeps           a configuration tree"] : []),
    ...asks.invoke.map((id) => `  calls           ${id}, in its own name or its caller's`),
    ...asks.root.map((reason) => `  NEEDS ROOT      ${reason}`),
    ...list("  brings along    ", plugin.dependencies),
    ...list("  asks for more   ", plugin.asks_for_more),
    ...list("  note            ", plugin.warnings),
  ];
  return `${lines.map(printable).join("\n")}\n`;
}

/** Asks at the terminal. Where nobody can answer it is a no. */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await new Promise<string>((resolve) => {
      lines.once("close", () => resolve(""));
      lines.question(`${question} [y/N] `, resolve);
    });
    return /^y(?:es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}

function signerText({ key, trusted }: { readonly key: string; readonly trusted: boolean }): string {
  return trusted ? key : `${key}, NOT TRUSTED HERE YET`;
}

function list(label: string, values: readonly string[] = []): string[] {
  return values.map((value) => `${label}${value}`);
}

/** Text of a stranger must not move the cursor over what else is shown. */
function printable(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  return line.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, "?");
}
