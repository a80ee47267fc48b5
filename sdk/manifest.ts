import * as v from "valibot";

const id = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{1,40}$/));

/** How the helper runs one daemon of a plugin. Placeholders: see `ServiceGrant.argv`. */
const service = v.strictObject({
  title: v.string(),
  /** Identity it is started with. `root` falls back to the panel's own user when the helper is not root. */
  user: v.picklist(["root", "web"]),
  /**
   * Absolute program and arguments. `{tree}` configuration tree, `{run}` `{log}` `{state}` directories of the plugin,
   * `{instance}` the instance, `{1}` `{2}` groups of the instance pattern. No other text is ever inserted.
   */
  argv: v.pipe(v.array(v.string()), v.minLength(1)),
  /** The daemon's own configuration test, run against the staged tree. */
  test: v.pipe(v.array(v.string()), v.minLength(1)),
  /** For a service with many instances: what an instance may be called. */
  instance: v.optional(v.string()),
  reload: v.picklist(["SIGHUP", "SIGUSR1", "SIGUSR2", "restart"]),
  /**
   * Words in the title of a worker process that takes no new connections any more. A reload is over when every worker
   * from before is gone or says so. Leave it out for a daemon whose workers change at once.
   */
  draining: v.optional(v.string()),
  /**
   * True: it binds its public ports with SO_REUSEPORT, so that while the front of a slot changes the old and the new daemon
   * may hold them together. Otherwise the old one ends before the new one takes the ports.
   */
  sharesPorts: v.optional(v.boolean(), false),
  stop: v.picklist(["SIGTERM", "SIGQUIT", "SIGINT", "SIGWINCH"]),
  /** Milliseconds until SIGKILL follows. */
  stopTimeoutMs: v.optional(v.number(), 5000),
});

/** Contents of the `patchbay` key of a plugin's package.json. Read before any of its code runs. */
export const manifestSchema = v.strictObject({
  id,
  title: v.string(),
  /** Semver range of the SDK contract, with an upper bound. */
  sdk: v.string(),
  provides: v.optional(v.array(v.strictObject({ slot: v.string(), as: v.string() })), []),
  requires: v.optional(v.array(id), []),
  /** System packages that must be installed, and what proves that they are. `binary` may hold `*` for a version. */
  packages: v.optional(v.array(v.strictObject({ apt: v.string(), binary: v.string(), reason: v.string() })), []),
  grants: v.optional(
    v.strictObject({
      services: v.optional(v.record(id, service), {}),
      /** True: a configuration tree without a daemon, whose files other plugins' daemons read. A daemon brings its own. */
      tree: v.optional(v.boolean(), false),
    }),
    {},
  ),
});

export type Manifest = v.InferOutput<typeof manifestSchema>;
export type ServiceGrant = v.InferOutput<typeof service>;
