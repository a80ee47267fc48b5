/**
 * The privileged operations: everything the kernel can ask of the helper. The helper checks each message against these
 * schemas, then against its grants. There is no operation that takes a command, and none that takes a path outside the
 * trees named here.
 */
import * as v from "valibot";
import { manifestSchema } from "./manifest.ts";

const name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,40}$/));
const plugin = name;
const instance = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9.-]{0,40}$/));
/** Relative path below a plugin's tree: no empty, `.` or `..` segment. */
const treePath = v.pipe(
  v.string(),
  v.maxLength(512),
  v.regex(/^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9._@+-]+(?:\/[A-Za-z0-9._@+-]+)*$/),
);
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const transaction = v.pipe(v.string(), v.regex(/^[0-9a-f-]{36}$/));
const username = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9]{1,15}$/));
const safeInt = (min: number, max: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(min), v.maxValue(max));

/** How a service is addressed, as a schema. */
export const serviceName = v.strictObject({ plugin, service: name, instance: v.optional(instance) });
const account = v.strictObject({
  username,
  uid: safeInt(1000, 2 ** 31 - 1),
  home: v.pipe(v.string(), v.maxLength(255)),
  suspended: v.boolean(),
});
const homePath = v.pipe(
  v.string(),
  v.maxLength(1024),
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  v.regex(/^(?!\/)(?!.*(?:^|\/)\.{1,2}(?:\/|$))[^\u0000-\u001f\u007f]+$/),
);
const none = v.strictObject({});
const serviceState = v.picklist(["running", "stopped", "failed", "unknown"]);

const op = <I extends v.GenericSchema, O extends v.GenericSchema>(input: I, output: O) => ({ input, output });

/** Name → input and output. Errors come back as `{kind, message, output}` with the kinds of `ProviderError`. */
export const privilegedOps = {
  /** First message of a connection. `epoch` grows with every kernel; a lower one than ever seen is refused. */
  hello: op(
    v.strictObject({ protocol: v.literal(1), epoch: safeInt(0, Number.MAX_SAFE_INTEGER) }),
    v.strictObject({
      kind: v.picklist(["sandbox", "system"]),
      multiUser: v.boolean(),
      pid: v.number(),
      web: v.strictObject({ uid: v.number(), gid: v.number() }),
      /** First uid that accounts may have, and how many there are. */
      accounts: v.strictObject({ firstUid: v.number(), count: v.number() }),
      paths: v.strictObject({
        etc: v.string(),
        run: v.string(),
        log: v.string(),
        state: v.string(),
        homes: v.string(),
        archive: v.string(),
      }),
    }),
  ),

  /** The kernel serves requests and its services have been asked to start. Sent once; makes the helper call `onReady`. */
  ready: op(none, none),

  /**
   * Writes files beside the live tree. May be called several times for one transaction. `expect` is the digest the live
   * file must have now, null for absent; any other is a `conflict` naming the path. Content null removes the file.
   */
  "apply.stage": op(
    v.strictObject({
      tx: transaction,
      plugin,
      files: v.array(
        v.strictObject({
          path: treePath,
          content: v.nullable(v.string()),
          expect: v.nullable(sha256),
        }),
      ),
    }),
    none,
  ),
  /** Runs the config tests of these services against the staged tree. A refusal is `invalid` with the daemon's output. */
  "apply.test": op(v.strictObject({ tx: transaction, services: v.array(serviceName) }), none),
  /** Puts the staged files in place, keeping the old ones. From here on an unfinished transaction is rolled back. */
  "apply.swap": op(v.strictObject({ tx: transaction }), none),
  /**
   * Stops, then starts or reloads services. A service to be reloaded that does not run is started. May be called again in
   * the same transaction: rolling back undoes all of it, and brings daemons back before it takes others away.
   */
  "apply.activate": op(
    v.strictObject({ tx: transaction, reload: v.array(serviceName), stop: v.array(serviceName) }),
    none,
  ),
  "apply.commit": op(v.strictObject({ tx: transaction }), none),
  /** Restores files and daemons to before the transaction. Succeeds at any step, also when called twice. */
  "apply.rollback": op(v.strictObject({ tx: transaction }), none),
  /** Rolls back every transaction that was left unfinished. Called once at the start of a kernel. */
  "apply.recover": op(none, v.strictObject({ rolledBack: v.array(transaction) })),

  /** Digests of files of a tree; null for absent. Without `paths`, of every file there is. */
  "tree.digest": op(
    v.strictObject({ plugin, paths: v.optional(v.array(treePath)) }),
    v.strictObject({ digests: v.record(v.string(), v.nullable(sha256)) }),
  ),
  /** Up to 256 KiB of a file of a tree, for a drift report; null for absent. */
  "tree.read": op(v.strictObject({ plugin, path: treePath }), v.strictObject({ content: v.nullable(v.string()) })),

  "service.list": op(
    none,
    v.strictObject({
      services: v.array(
        v.strictObject({
          plugin,
          service: name,
          instance: v.optional(instance),
          state: serviceState,
          pid: v.nullable(v.number()),
        }),
      ),
    }),
  ),
  /** `start` answers when the daemon is up and stays up; `stop` when it is gone. Both succeed when it is so already. */
  "service.act": op(
    v.strictObject({ ...serviceName.entries, action: v.picklist(["start", "stop", "restart"]) }),
    v.strictObject({ state: serviceState }),
  ),

  /**
   * Answers when no worker from before the last reload takes new connections any more: until then some answers come from
   * the old configuration. False when some still do after 10 s.
   */
  "service.drained": op(serviceName, v.strictObject({ drained: v.boolean() })),

  "account.ensure": op(account, none),
  "account.remove": op(account, none),
  "account.matches": op(account, v.strictObject({ matches: v.boolean() })),
  "account.make-directory": op(v.strictObject({ account, path: homePath }), none),
  "account.usage": op(account, v.strictObject({ bytes: v.number(), inodes: v.number() })),
  "archive.prune": op(v.strictObject({ days: safeInt(0, 36500) }), v.strictObject({ removed: v.number() })),

  /** Creates a file in a plugin's state directory, owned by its daemon, unless it is there. */
  "state.seed": op(v.strictObject({ plugin, path: treePath, content: v.string() }), none),
  /** Removes files of a plugin's state directory. Succeeds for those that are not there. */
  "state.remove": op(v.strictObject({ plugin, paths: v.pipe(v.array(treePath), v.maxLength(1000)) }), none),

  /**
   * Installs the packages a plugin's manifest names, without letting them start their services. `unavailable` when the
   * helper is not root, there is no apt-get, or it fails; its output goes along.
   */
  "package.install": op(v.strictObject({ plugin }), none),
  /** Installed versions of the packages of these plugins, by package; null for absent. `installable`: root, with apt-get. */
  "package.versions": op(
    v.strictObject({ plugins: v.array(plugin) }),
    v.strictObject({ versions: v.record(v.string(), v.nullable(v.string())), installable: v.boolean() }),
  ),

  /**
   * From here on the grants of a plugin that an admin has installed and approved hold, and its directories are there; also
   * after a restart of the helper. `terminal` for the id of a plugin that comes with the panel, for grants that are never
   * given, and for those that only root may give unless root has approved exactly these on the server.
   */
  "plugin.admit": op(
    v.strictObject({
      manifest: v.strictObject({
        id: plugin,
        packages: v.pipe(manifestSchema.entries.packages, v.maxLength(32)),
        grants: manifestSchema.entries.grants,
      }),
      version: v.pipe(v.string(), v.regex(/^[0-9A-Za-z.+-]{1,64}$/)),
    }),
    none,
  ),
  /**
   * Ends the daemons of an installed plugin, takes its grants back and removes its configuration, run, log and state
   * directories. Succeeds for one that is not admitted.
   */
  "plugin.forget": op(v.strictObject({ id: plugin }), none),

  /**
   * Starts the guest program for a plugin, as that plugin's own user. `entry`: absolute path of its code, in the plugin's own
   * folder. `socket`: name of the kernel's socket below `<run>/plugins`. The token goes over standard input. A process that
   * uses more than `memory_mb` is killed; all of them end with the kernel's line.
   */
  "plugin.start": op(
    v.strictObject({
      id: plugin,
      entry: v.pipe(v.string(), v.maxLength(1024), v.startsWith("/")),
      socket: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}\.sock$/)),
      token: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/)),
      memory_mb: safeInt(64, 4096),
    }),
    v.strictObject({ pid: v.number() }),
  ),
  /** Kills a process of a plugin with everything it started. Answers when it is gone, also when it was so already. */
  "plugin.stop": op(v.strictObject({ id: plugin, pid: safeInt(1, 2 ** 31) }), none),
  /** Answers when the process is gone. `output`: the last of what it printed. */
  "plugin.wait": op(
    v.strictObject({ id: plugin, pid: safeInt(1, 2 ** 31) }),
    v.strictObject({ how: v.picklist(["exited", "memory", "killed"]), detail: v.string(), output: v.string() }),
  ),

  /** One FastCGI GET on a unix socket below the run directory. */
  "probe.fastcgi": op(
    v.strictObject({
      socket: v.pipe(v.string(), v.regex(/^[a-z0-9.-]+\/[a-z0-9.-]+\.sock$/)),
      path: v.pipe(v.string(), v.regex(/^\/[a-z0-9./-]{1,100}$/)),
    }),
    v.strictObject({ body: v.string() }),
  ),
} as const;

/** Name of a privileged operation. */
export type PrivilegedOp = keyof typeof privilegedOps;
/** What a privileged operation is asked. */
export type PrivilegedInput<K extends PrivilegedOp> = v.InferOutput<(typeof privilegedOps)[K]["input"]>;
/** What a privileged operation answers. */
export type PrivilegedOutput<K extends PrivilegedOp> = v.InferOutput<(typeof privilegedOps)[K]["output"]>;
/** A service as the helper addresses it. */
export type ServiceName = v.InferOutput<typeof serviceName>;
