import type {
  Contributions,
  Operation,
  Provider,
  ProviderEntry,
  Schedule,
  Setting,
  Tap,
  TapOrder,
  Task,
  Token,
} from "@patchbay/sdk";
import { toJsonSchema } from "../operations/json-schema.ts";
import { type DescribedProvider, type DescribedSetting, type Description, needsKernel } from "./protocol.ts";

type Use = <T>(token: Token<T>) => T;

interface GuestTap {
  readonly hook: { readonly id: string; readonly kind: string };
  readonly tap: Tap<"veto", unknown>;
  readonly order: TapOrder;
}

/** What the plugin contributed, on its own side. */
export interface Contributed {
  readonly operations: Operation[];
  readonly taps: GuestTap[];
  readonly providers: ProviderEntry[];
  readonly schedules: Schedule[];
  readonly tasks: Task[];
  readonly settings: Setting[];
  readonly pluginSettings: Setting[];
}

const refuse = (part: string) => () => {
  throw needsKernel(part);
};

/** What takes the panel's database, or hands out what cannot cross the line. */
const forTheKernel = {
  migrations: refuse("a migration"),
  slot: refuse("a slot"),
  object: refuse("an object type"),
  meter: refuse("a meter"),
  limits: refuse("a limit source"),
  accountOfUser: refuse("the account of a user"),
  upgrade: refuse("an upgrade"),
  service: refuse("a service"),
};

/** Collects what a plugin contributes. Throws for what only a plugin in the kernel's process may. */
export function collectContributions(contribute: (to: Contributions) => void, use: Use): Contributed {
  const found: Contributed = {
    operations: [],
    taps: [],
    providers: [],
    schedules: [],
    tasks: [],
    settings: [],
    pluginSettings: [],
  };
  contribute({
    use,
    operation: (operation) => {
      if (operation.method !== "GET" && operation.quota) throw needsKernel(`the quota of ${operation.id}`);
      found.operations.push(operation);
    },
    tap: (hook, tap, order = {}) => {
      // A step inside a change works in the kernel's own transaction.
      if (hook.kind === "guarded") throw needsKernel(`the guarded tap on ${hook.id}`);
      found.taps.push({ hook, tap: tap as unknown as Tap<"veto", unknown>, order });
    },
    provider: (entry) => void found.providers.push(entry as unknown as ProviderEntry),
    schedule: (schedule) => void found.schedules.push(schedule),
    task: (task) => void found.tasks.push(task as unknown as Task),
    setting: (setting) => void found.settings.push(setting),
    pluginSetting: (setting) => void found.pluginSettings.push(setting),
    ...forTheKernel,
  });
  return found;
}

/** Makes the providers, each once. One that cannot be made is undefined. */
export function createProviders(entries: readonly ProviderEntry[], use: Use): readonly (Provider | undefined)[] {
  return entries.map((entry) => {
    try {
      return entry.create(use);
    } catch (error) {
      process.stderr.write(`${entry.title} could not be set up: ${(error as Error).stack}\n`);
      return undefined;
    }
  });
}

export function describeContributions(found: Contributed, providers: readonly (Provider | undefined)[]): Description {
  return {
    operations: found.operations.map(describeOperation),
    taps: found.taps.map(({ hook, order }) => ({
      hook: hook.id,
      kind: hook.kind as "veto",
      order: {
        ...(order.stage ? { stage: order.stage } : {}),
        ...(order.before ? { before: [...order.before] } : {}),
        ...(order.after ? { after: [...order.after] } : {}),
      },
    })),
    providers: found.providers.map((entry, at) => describeProvider(entry, providers[at])),
    schedules: found.schedules.map(({ id, cron }) => ({ id, cron })),
    tasks: found.tasks.map(({ id, title, preview }) => ({ id, title, preview: preview !== undefined })),
    settings: found.settings.map(describeSetting),
    pluginSettings: found.pluginSettings.map(describeSetting),
  };
}

function describeOperation(operation: Operation): Description["operations"][number] {
  const { access, aliases, audit, errors, id, message, method, rate, secrets, summary } = operation;
  const secretOutput = operation.method !== "GET" && operation.secretOutput === true;
  const { callers, object, selfOnly, whileSuspended } = access;
  return {
    id,
    summary,
    method,
    audit,
    rate,
    access: {
      callers: typeof callers === "string" ? callers : [...callers],
      ...(object ? { object } : {}),
      ...(whileSuspended === undefined ? {} : { whileSuspended }),
      ...(selfOnly === undefined ? {} : { selfOnly }),
    },
    ...(aliases ? { aliases: { ...aliases } } : {}),
    ...(secrets ? { secrets: [...secrets] } : {}),
    ...(errors ? { errors: [...errors] } : {}),
    ...(message === undefined ? {} : { message }),
    ...(secretOutput ? { secretOutput } : {}),
    input: toJsonSchema(operation.input),
    output: toJsonSchema(operation.output, "output"),
  };
}

function describeProvider(entry: ProviderEntry, provider: Provider | undefined): DescribedProvider {
  const optional = ["base", "relay", "generation", "report"] as const;
  const { default: isDefault = false, id, slot, title } = entry;
  const methods = optional.filter(
    (name) => typeof (provider as Record<string, unknown> | undefined)?.[name] === "function",
  );
  return {
    slot,
    id,
    title,
    default: isDefault,
    kind: provider?.kind ?? "render",
    methods,
    failed: provider === undefined,
  };
}

function describeSetting({ default: fallback, key, schema, secret = false, title }: Setting): DescribedSetting {
  return { key, title, default: fallback, secret, schema: toJsonSchema(schema) };
}
