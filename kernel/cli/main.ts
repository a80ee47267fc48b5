import { ConfigError, instanceConfig, instanceOptions } from "../helper/config.ts";
import { toInput, usageOf } from "./arguments.ts";
import { connect, findCommand, PanelClient, runningInstance } from "./client.ts";
import type { CommandContext } from "./context.ts";
import { demo } from "./demo.ts";
import { doctor } from "./doctor.ts";
import { followOperation } from "./follow.ts";
import { verifyOffline } from "./offline.ts";
import { pluginCommand } from "./plugin.ts";
import { report, toText } from "./print.ts";

type Command = (context: CommandContext) => Promise<number>;

const commands: Readonly<Record<string, Command>> = {
  up: async ({ argv }) => (await import("../helper/entry.ts")).main(argv).then(() => 0),
  demo,
  doctor,
  status,
  plan,
  reconcile,
  plugin: (context) => pluginCommand(context, operation),
  plugins: (context) => pluginCommand(context, operation),
};

const help = `patchbay <command> [flags]

  up                     run an instance until it is told to stop
  status                 what the instance is doing
  doctor                 what is missing on this machine, and how to mend it
  plan                   what reconcile would do
  reconcile              make the world equal the desired state
  audit verify           check the audit log for tampering
  plugin list|info|doctor            which plugins there are, and what is wrong with them
  plugin install <folder|tarball|npm name> [--yes] [--allow-unsigned]
  plugin approve <id> [--trust-signer] [--as-root]
  plugin enable|disable|reload|remove <id>
  plugin create|keygen|sign          for authors; these need no panel
  <resource> <action>    any operation of the panel: account list, domain add, …
  <resource>             its actions

What takes long is followed to its end, step by step.

Flags: --data DIR (default ./var)  --json  --dry-run  --no-wait
`;

/** The `patchbay` command. Ends with 0 done, 1 refused or failed, 2 wrong usage. */
export async function main(argv: readonly string[]): Promise<void> {
  process.exitCode = await run(argv).catch((error: unknown) => {
    process.stderr.write(`patchbay: ${(error as Error).message}\n`);
    return error instanceof ConfigError ? 2 : 1;
  });
}

async function run(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "help" || name === "--help") {
    process.stdout.write(help);
    return name === undefined ? 2 : 0;
  }
  const context = toContext(rest);
  const command = commands[name];
  if (command) return command(context);
  return operation(name, context);
}

function toContext(argv: readonly string[]): CommandContext {
  const words: string[] = [];
  const flags = new Map<string, string>();
  const left = argv.filter((word) => word !== "--json");
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === "--data") flags.set("data", left.shift() ?? "");
    else if (word.startsWith("--data=")) flags.set("data", word.slice("--data=".length));
    else words.push(word);
  }
  return { data: instanceConfig(flags, dataOnly(process.env)).data, json: argv.includes("--json"), words, argv };
}

/** A command that talks to an instance needs to know where it is, and nothing else of its configuration. */
function dataOnly(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const known = instanceOptions.map((option) => `PATCHBAY_${option.flag.toUpperCase().replaceAll("-", "_")}`);
  return Object.fromEntries(Object.entries(env).filter(([key]) => key === "PATCHBAY_DATA" || !known.includes(key)));
}

async function operation(resource: string, { data, json, words }: CommandContext): Promise<number> {
  const [action, ...rest] = words;
  if (resource === "audit" && action === "verify" && !runningInstance(data)) return verifyOffline(data, json);
  const client = connect(data);
  const api = await client.describe();
  const command = action === undefined || action.startsWith("--") ? undefined : findCommand(api, resource, action);
  if (!command) {
    const known = Object.keys(api.paths).filter(
      (path) => path.startsWith(`/api/${resource}/`) || path.startsWith(`/api/${resource}s/`),
    );
    const actions = known.map((path) => path.split("/")[3]).join(", ");
    throw new ConfigError(actions ? `${resource} has the actions ${actions}` : `unknown command ${resource}`);
  }
  if (rest.includes("--help")) {
    process.stdout.write(`${command.summary}\n  patchbay ${resource} ${action} ${usageOf(command)}\n`);
    return 0;
  }
  const { input, dryRun, wait } = toInput(command, rest);
  const reply = await client.call(command.method, dryRun ? `${command.path}?dry_run=1` : command.path, input);
  if (reply.status !== 202 || !wait) return report(reply, json);
  const { operation_id: id } = reply.data as { operation_id: string };
  return followOperation(() => connect(data), { id, json });
}

interface PlanStep {
  readonly action: string;
  readonly slot: string;
  readonly unit: string;
  readonly target: string;
  readonly diff?: string;
}

function printSteps(steps: readonly PlanStep[]): void {
  if (steps.length === 0) process.stdout.write("nothing to do\n");
  for (const step of steps) {
    process.stdout.write(`${step.action} ${step.slot} ${step.target}\n${step.diff ? `${step.diff}\n` : ""}`);
  }
}

async function plan({ data, json }: CommandContext): Promise<number> {
  const reply = await connect(data).call("GET", "/api/reconcile/plan");
  if (json || !reply.success) return report(reply, json);
  const { plan: steps, warnings } = reply.data as { plan: PlanStep[]; warnings: string[] };
  printSteps(steps);
  for (const warning of warnings) process.stdout.write(`warning: ${warning}\n`);
  return 0;
}

async function reconcile({ data, json, words }: CommandContext): Promise<number> {
  const client = connect(data);
  const confirm = words.includes("--confirm-removals") ? { confirm_removals: true } : {};
  const reply = await client.call("POST", "/api/reconcile/run", confirm);
  if (json || !reply.success) return report(reply, json);
  const { plan: steps, failures } = reply.data as {
    plan: PlanStep[];
    failures: { slot: string; key: string; message: string }[];
  };
  printSteps(steps);
  for (const failure of failures) process.stderr.write(`${failure.slot} ${failure.key}: ${failure.message}\n`);
  return failures.length === 0 ? 0 : 1;
}

async function status({ data, json }: CommandContext): Promise<number> {
  const instance = runningInstance(data);
  if (!instance) {
    process.stdout.write(json ? `${JSON.stringify({ running: false })}\n` : `no instance runs in ${data}\n`);
    return 1;
  }
  const stats = await new PanelClient(data, instance).call("GET", "/api/system/stats");
  const services = (stats.data as { services?: unknown } | null)?.services ?? [];
  if (json) process.stdout.write(`${JSON.stringify({ running: true, ...instance, services })}\n`);
  else
    process.stdout.write(
      `${toText({ pid: instance.pid, version: instance.version, ...instance.panel })}\n\n${toText(services)}\n`,
    );
  return stats.success ? 0 : 1;
}
