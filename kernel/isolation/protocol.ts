import { roles } from "@patchbay/sdk";
import * as v from "valibot";

const text = v.pipe(v.string(), v.maxLength(2000));
const id = v.pipe(v.string(), v.maxLength(200));
const json = v.record(v.string(), v.unknown());
const key = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_.-]{1,64}$/));

const access = v.strictObject({
  callers: v.union([v.picklist(["public", "session"]), v.array(v.picklist(roles))]),
  object: v.optional(v.strictObject({ type: id, from: id, infer: v.optional(v.boolean()) })),
  whileSuspended: v.optional(v.boolean()),
  selfOnly: v.optional(v.boolean()),
});

const operation = v.strictObject({
  id,
  summary: text,
  method: v.picklist(["GET", "POST", "DELETE"]),
  audit: v.picklist(["none", "read", "change"]),
  access,
  rate: v.picklist(["login", "standard"]),
  aliases: v.optional(v.record(v.string(), id)),
  secrets: v.optional(v.array(id)),
  errors: v.optional(v.array(id)),
  message: v.optional(text),
  secretOutput: v.optional(v.boolean()),
  /** JSON Schema of what it accepts and of what it answers. */
  input: json,
  output: json,
});

const tap = v.strictObject({
  hook: id,
  kind: v.picklist(["veto", "transform", "notify"]),
  order: v.strictObject({
    stage: v.optional(v.picklist(["early", "normal", "late"])),
    before: v.optional(v.array(id)),
    after: v.optional(v.array(id)),
  }),
});

/** `methods`: the optional ones it has. `failed`: it could not be created, and why. */
const provider = v.strictObject({
  slot: id,
  id,
  title: text,
  default: v.boolean(),
  kind: v.picklist(["render", "execute"]),
  methods: v.array(v.picklist(["base", "relay", "generation", "report"])),
  failed: v.boolean(),
});

const setting = v.strictObject({ key, title: text, default: v.string(), secret: v.boolean(), schema: json });

/** What a plugin in a process of its own says that it contributes. Order counts: parts are called by their place in it. */
export const description = v.strictObject({
  operations: v.array(operation),
  taps: v.array(tap),
  providers: v.array(provider),
  schedules: v.array(v.strictObject({ id, cron: id })),
  tasks: v.array(v.strictObject({ id, title: text, preview: v.boolean() })),
  settings: v.array(setting),
  pluginSettings: v.array(setting),
});

export type Description = v.InferOutput<typeof description>;
export type DescribedOperation = Description["operations"][number];
export type DescribedProvider = Description["providers"][number];
export type DescribedSetting = Description["settings"][number];

const path = v.pipe(v.string(), v.maxLength(512));
const probe = v.variant("kind", [
  v.strictObject({
    kind: v.literal("http"),
    port: v.picklist(["http", "https"]),
    host: v.string(),
    path: v.string(),
    status: v.optional(v.number()),
    body: v.optional(v.string()),
    certificate: v.optional(v.string()),
  }),
  v.strictObject({ kind: v.literal("fastcgi"), socket: v.string(), path: v.string(), body: v.string() }),
  v.strictObject({ kind: v.literal("dns"), name: v.string(), type: v.literal("TXT"), value: v.string() }),
]);
const service = v.strictObject({ service: v.string(), instance: v.optional(v.string()) });

/** What a provider answers, as the kernel takes it from a process it does not trust. */
export const providerAnswers = {
  audit: v.array(v.strictObject({ field: v.string(), message: v.string(), lost: v.optional(v.boolean()) })),
  rendered: v.strictObject({
    files: v.optional(v.array(v.strictObject({ path, content: v.string(), secret: v.optional(v.boolean()) }))),
    lines: v.optional(
      v.array(v.strictObject({ file: path, key: v.string(), line: v.pipe(v.string(), v.regex(/^[^\n]*$/)) })),
    ),
    services: v.optional(v.array(service)),
    probes: v.optional(v.array(probe)),
  }),
  drifted: v.array(v.strictObject({ key: v.string(), wanted: v.string(), actual: v.nullable(v.string()) })),
  report: json,
};

/** What an operation of a guest did besides answering. */
export const operationResult = v.strictObject({
  output: v.optional(v.unknown()),
  resource: v.optional(v.pipe(v.string(), v.maxLength(200)), ""),
  notes: v.optional(json, {}),
  letters: v.optional(v.array(v.strictObject({ hook: id, payload: v.optional(v.unknown()) })), []),
  start: v.optional(v.strictObject({ task: id, payload: v.optional(v.unknown()) })),
});

export type OperationResult = v.InferOutput<typeof operationResult>;

export const taskPreview = v.strictObject({
  plan: v.array(v.strictObject({ slot: v.string(), unit: v.string(), action: v.string(), target: v.string() })),
  warnings: v.array(v.string()),
});

/** What the guest program is told on its standard input. */
export interface GuestOrder {
  readonly socket: string;
  readonly token: string;
  /** Absolute path of the plugin's code. */
  readonly entry: string;
}

/** What of the kernel's services a guest has with it, because they answer at once. */
export interface Snapshot {
  readonly plugin: string;
  readonly host: import("@patchbay/sdk").HostInfo | null;
  readonly system: {
    readonly version: string;
    readonly gitCommit: string | null;
    readonly os: string;
    readonly portals: Readonly<Record<(typeof roles)[number], string>>;
    readonly reservedHosts: readonly string[];
  } | null;
  /** Only for plugins that provide a slot. */
  readonly certificate: import("@patchbay/sdk").ServerCertificate | null;
  /** Key of the plugin's vault, base64. */
  readonly vaultKey: string | null;
}

/** Why a part cannot be contributed by a plugin in a process of its own. */
export function needsKernel(part: string): Error {
  return new Error(`${part} needs isolation: kernel`);
}
