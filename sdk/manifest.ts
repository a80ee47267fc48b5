import * as v from "valibot";

/** What a field means goes into the JSON Schema and the reference, so it stands in the schema itself. */
const about = <const S extends v.GenericSchema>(text: string, schema: S) =>
  v.pipe(schema, v.description<v.InferOutput<S>, string>(text));

const idPattern = v.regex(/^[a-z][a-z0-9-]{1,40}$/);

/** How the helper runs one daemon of a plugin. */
const service = v.strictObject({
  title: about("Shown to admins.", v.string()),
  user: about(
    "Identity it is started with. `root` falls back to the panel's own user when the helper is not root.",
    v.picklist(["root", "web"]),
  ),
  argv: about(
    "Absolute program and arguments. `{tree}` stands for the plugin's configuration tree, `{run}` `{log}` `{state}` for its " +
      "directories, `{instance}` for the instance, `{1}` `{2}` for groups of the instance pattern. No other text is ever inserted. The daemon is started in its tree.",
    v.pipe(v.array(v.string()), v.minLength(1)),
  ),
  test: about(
    "The daemon's own configuration test, run in and against the staged tree before anything is put in place.",
    v.pipe(v.array(v.string()), v.minLength(1)),
  ),
  instance: v.optional(
    about("For a service with many instances: regular expression of what one may be called.", v.string()),
  ),
  reload: about(
    "How it is told to read its configuration again.",
    v.picklist(["SIGHUP", "SIGUSR1", "SIGUSR2", "restart"]),
  ),
  draining: v.optional(
    about(
      "Words in the title of a worker process that takes no new connections any more. A reload is over when every worker " +
        "from before is gone or says so. Leave it out for a daemon whose workers change at once.",
      v.string(),
    ),
  ),
  sharesPorts: v.optional(
    about(
      "True: it binds its public ports with SO_REUSEPORT, so that while the front of a slot changes the old and the new daemon " +
        "may hold them together. Otherwise the old one ends before the new one takes the ports.",
      v.boolean(),
    ),
    false,
  ),
  stop: about("Signal that ends it.", v.picklist(["SIGTERM", "SIGQUIT", "SIGINT", "SIGWINCH"])),
  stopTimeoutMs: v.optional(about("Milliseconds until SIGKILL follows.", v.number()), 5000),
});

const provides = v.strictObject({
  slot: about("Id of the slot, `web`.", v.string()),
  as: about("Id of the backend in it, `nginx`: the value of the slot's server option.", v.string()),
});

const systemPackage = v.strictObject({
  apt: about("Name in the distribution.", v.string()),
  binary: about("Absolute path that proves that it is installed. May hold `*` for a version.", v.string()),
  reason: about("Why it is needed, for the admin who is asked.", v.string()),
});

const grants = v.strictObject({
  services: v.optional(about("Daemons it may run, by name.", v.record(v.pipe(v.string(), idPattern), service)), {}),
  tree: v.optional(
    about(
      "True: a configuration tree without a daemon, whose files other plugins' daemons read. A daemon brings its own.",
      v.boolean(),
    ),
    false,
  ),
  invoke: v.optional(
    about(
      "Operations a plugin in a process of its own may call, `accounts.list`: in its own name, or on behalf of whoever called " +
        "it and with their rights.",
      v.array(v.pipe(v.string(), v.regex(/^[a-z][a-z-]*\.[a-z][a-z-]*$/))),
    ),
    [],
  ),
});

/** Contents of the `patchbay` key of a plugin's package.json. Read before any of its code runs. */
export const manifestSchema = v.strictObject({
  id: about("Unique among all plugins of a server. Named in errors, logs, directories.", v.pipe(v.string(), idPattern)),
  title: about("Shown to admins.", v.string()),
  sdk: about("Semver range of the SDK contract it is written for, with an upper bound, `^1.0.0`.", v.string()),
  provides: v.optional(about("Slots it is a backend of.", v.array(provides)), []),
  requires: v.optional(
    about(
      "Plugins that must be there, by id: those whose contract, services or slot it uses.",
      v.array(v.pipe(v.string(), idPattern)),
    ),
    [],
  ),
  packages: v.optional(about("System packages that must be installed.", v.array(systemPackage)), []),
  grants: v.optional(
    about("What the privileged helper lets it do. An admin is shown all of it before it is approved.", grants),
    {},
  ),
  isolation: v.optional(
    about(
      "Where its code runs. `process`: in one of its own, as a user of its own, so that whatever it does harms only itself. " +
        "`kernel`: in the panel's, with everything the panel can reach. Left out: `process` for a plugin that was installed, " +
        "`kernel` for those that come with the panel.",
      v.picklist(["kernel", "process"]),
    ),
  ),
  memoryMb: v.optional(
    about(
      "Memory a process of its own may use. MiB. One that uses more is ended and started again.",
      v.pipe(v.number(), v.safeInteger(), v.minValue(64), v.maxValue(4096)),
    ),
    256,
  ),
});

/** A manifest as the panel reads it, with the defaults filled in. */
export type Manifest = v.InferOutput<typeof manifestSchema>;

/** What a plugin asks for to have one daemon run. */
export type ServiceGrant = v.InferOutput<typeof service>;
