// What this entry of @patchbay/sdk declares, without comments. Written by `npm run gen`; see ../CHANGES.md.
// valibot 1.5.0

// privileged.d.ts
import * as v from "valibot";
export declare const serviceName: v.StrictObjectSchema<{
    readonly plugin: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
    readonly service: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
    readonly instance: v.OptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>, undefined>;
}, undefined>;
export declare const privilegedOps: {
    readonly hello: {
        input: v.StrictObjectSchema<{
            readonly protocol: v.LiteralSchema<1, undefined>;
            readonly epoch: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.SafeIntegerAction<number, undefined>, v.MinValueAction<number, number, undefined>, v.MaxValueAction<number, number, undefined>]>;
        }, undefined>;
        output: v.StrictObjectSchema<{
            readonly kind: v.PicklistSchema<["sandbox", "system"], undefined>;
            readonly multiUser: v.BooleanSchema<undefined>;
            readonly pid: v.NumberSchema<undefined>;
            readonly web: v.StrictObjectSchema<{
                readonly uid: v.NumberSchema<undefined>;
                readonly gid: v.NumberSchema<undefined>;
            }, undefined>;
            readonly accounts: v.StrictObjectSchema<{
                readonly firstUid: v.NumberSchema<undefined>;
                readonly count: v.NumberSchema<undefined>;
            }, undefined>;
            readonly paths: v.StrictObjectSchema<{
                readonly etc: v.StringSchema<undefined>;
                readonly run: v.StringSchema<undefined>;
                readonly log: v.StringSchema<undefined>;
                readonly state: v.StringSchema<undefined>;
                readonly homes: v.StringSchema<undefined>;
                readonly archive: v.StringSchema<undefined>;
            }, undefined>;
        }, undefined>;
    };
    readonly ready: {
        input: v.StrictObjectSchema<{}, undefined>;
        output: v.StrictObjectSchema<{}, undefined>;
    };
    readonly "apply.stage": {
        input: v.StrictObjectSchema<{
            readonly tx: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly plugin: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly files: v.ArraySchema<v.StrictObjectSchema<{
                readonly path: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.MaxLengthAction<string, 512, undefined>, v.RegexAction<string, undefined>]>;
                readonly content: v.NullableSchema<v.StringSchema<undefined>, undefined>;
                readonly expect: v.NullableSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>, undefined>;
            }, undefined>, undefined>;
        }, undefined>;
        output: v.StrictObjectSchema<{}, undefined>;
    };
    readonly "apply.test": {
        input: v.StrictObjectSchema<{
            readonly tx: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly services: v.ArraySchema<v.StrictObjectSchema<{
                readonly plugin: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
                readonly service: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
                readonly instance: v.OptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>, undefined>;
            }, undefined>, undefined>;
        }, undefined>;
        output: v.StrictObjectSchema<{}, undefined>;
    };
    readonly "apply.swap": {
        input: v.StrictObjectSchema<{
            readonly tx: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
        }, undefined>;
        output: v.StrictObjectSchema<{}, undefined>;
    };
    readonly "apply.activate": {
        input: v.StrictObjectSchema<{
            readonly tx: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly reload: v.ArraySchema<v.StrictObjectSchema<{
                readonly plugin: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
                readonly service: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
                readonly instance: v.OptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>, undefined>;
            }, undefined>, undefined>;
            readonly stop: v.ArraySchema<v.StrictObjectSchema<{
                readonly plugin: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
                readonly service: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
                readonly instance: v.OptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>, undefined>;
            }, undefined>, undefined>;
        }, undefined>;
        output: v.StrictObjectSchema<{}, undefined>;
    };
    readonly "apply.commit": {
        input: v.StrictObjectSchema<{
            readonly tx: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
        }, undefined>;
        output: v.StrictObjectSchema<{}, undefined>;
    };
    readonly "apply.rollback": {
        input: v.StrictObjectSchema<{
            readonly tx: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
        }, undefined>;
        output: v.StrictObjectSchema<{}, undefined>;
    };
    readonly "apply.recover": {
        input: v.StrictObjectSchema<{}, undefined>;
        output: v.StrictObjectSchema<{
            readonly rolledBack: v.ArraySchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>, undefined>;
        }, undefined>;
    };
    readonly "tree.digest": {
        input: v.StrictObjectSchema<{
            readonly plugin: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly paths: v.OptionalSchema<v.ArraySchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.MaxLengthAction<string, 512, undefined>, v.RegexAction<string, undefined>]>, undefined>, undefined>;
        }, undefined>;
        output: v.StrictObjectSchema<{
            readonly digests: v.RecordSchema<v.StringSchema<undefined>, v.NullableSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>, undefined>, undefined>;
        }, undefined>;
    };
    readonly "tree.read": {
        input: v.StrictObjectSchema<{
            readonly plugin: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly path: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.MaxLengthAction<string, 512, undefined>, v.RegexAction<string, undefined>]>;
        }, undefined>;
        output: v.StrictObjectSchema<{
            readonly content: v.NullableSchema<v.StringSchema<undefined>, undefined>;
        }, undefined>;
    };
    readonly "service.list": {
        input: v.StrictObjectSchema<{}, undefined>;
        output: v.StrictObjectSchema<{
            readonly services: v.ArraySchema<v.StrictObjectSchema<{
                readonly plugin: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
                readonly service: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
                readonly instance: v.OptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>, undefined>;
                readonly state: v.PicklistSchema<["running", "stopped", "failed", "unknown"], undefined>;
                readonly pid: v.NullableSchema<v.NumberSchema<undefined>, undefined>;
            }, undefined>, undefined>;
        }, undefined>;
    };
    readonly "service.act": {
        input: v.StrictObjectSchema<{
            readonly plugin: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly service: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly instance: v.OptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>, undefined>;
            readonly action: v.PicklistSchema<["start", "stop", "restart"], undefined>;
        }, undefined>;
        output: v.StrictObjectSchema<{
            readonly state: v.PicklistSchema<["running", "stopped", "failed", "unknown"], undefined>;
        }, undefined>;
    };
    readonly "service.drained": {
        input: v.StrictObjectSchema<{
            readonly plugin: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly service: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly instance: v.OptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>, undefined>;
        }, undefined>;
        output: v.StrictObjectSchema<{
            readonly drained: v.BooleanSchema<undefined>;
        }, undefined>;
    };
    readonly "account.ensure": {
        input: v.StrictObjectSchema<{
            readonly username: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly uid: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.SafeIntegerAction<number, undefined>, v.MinValueAction<number, number, undefined>, v.MaxValueAction<number, number, undefined>]>;
            readonly home: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.MaxLengthAction<string, 255, undefined>]>;
            readonly suspended: v.BooleanSchema<undefined>;
        }, undefined>;
        output: v.StrictObjectSchema<{}, undefined>;
    };
    readonly "account.remove": {
        input: v.StrictObjectSchema<{
            readonly username: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly uid: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.SafeIntegerAction<number, undefined>, v.MinValueAction<number, number, undefined>, v.MaxValueAction<number, number, undefined>]>;
            readonly home: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.MaxLengthAction<string, 255, undefined>]>;
            readonly suspended: v.BooleanSchema<undefined>;
        }, undefined>;
        output: v.StrictObjectSchema<{}, undefined>;
    };
    readonly "account.matches": {
        input: v.StrictObjectSchema<{
            readonly username: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly uid: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.SafeIntegerAction<number, undefined>, v.MinValueAction<number, number, undefined>, v.MaxValueAction<number, number, undefined>]>;
            readonly home: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.MaxLengthAction<string, 255, undefined>]>;
            readonly suspended: v.BooleanSchema<undefined>;
        }, undefined>;
        output: v.StrictObjectSchema<{
            readonly matches: v.BooleanSchema<undefined>;
        }, undefined>;
    };
    readonly "account.make-directory": {
        input: v.StrictObjectSchema<{
            readonly account: v.StrictObjectSchema<{
                readonly username: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
                readonly uid: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.SafeIntegerAction<number, undefined>, v.MinValueAction<number, number, undefined>, v.MaxValueAction<number, number, undefined>]>;
                readonly home: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.MaxLengthAction<string, 255, undefined>]>;
                readonly suspended: v.BooleanSchema<undefined>;
            }, undefined>;
            readonly path: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.MaxLengthAction<string, 1024, undefined>, v.RegexAction<string, undefined>]>;
        }, undefined>;
        output: v.StrictObjectSchema<{}, undefined>;
    };
    readonly "account.usage": {
        input: v.StrictObjectSchema<{
            readonly username: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly uid: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.SafeIntegerAction<number, undefined>, v.MinValueAction<number, number, undefined>, v.MaxValueAction<number, number, undefined>]>;
            readonly home: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.MaxLengthAction<string, 255, undefined>]>;
            readonly suspended: v.BooleanSchema<undefined>;
        }, undefined>;
        output: v.StrictObjectSchema<{
            readonly bytes: v.NumberSchema<undefined>;
            readonly inodes: v.NumberSchema<undefined>;
        }, undefined>;
    };
    readonly "archive.prune": {
        input: v.StrictObjectSchema<{
            readonly days: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.SafeIntegerAction<number, undefined>, v.MinValueAction<number, number, undefined>, v.MaxValueAction<number, number, undefined>]>;
        }, undefined>;
        output: v.StrictObjectSchema<{
            readonly removed: v.NumberSchema<undefined>;
        }, undefined>;
    };
    readonly "state.seed": {
        input: v.StrictObjectSchema<{
            readonly plugin: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly path: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.MaxLengthAction<string, 512, undefined>, v.RegexAction<string, undefined>]>;
            readonly content: v.StringSchema<undefined>;
        }, undefined>;
        output: v.StrictObjectSchema<{}, undefined>;
    };
    readonly "state.remove": {
        input: v.StrictObjectSchema<{
            readonly plugin: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly paths: v.SchemaWithPipe<readonly [v.ArraySchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.MaxLengthAction<string, 512, undefined>, v.RegexAction<string, undefined>]>, undefined>, v.MaxLengthAction<string[], 1000, undefined>]>;
        }, undefined>;
        output: v.StrictObjectSchema<{}, undefined>;
    };
    readonly "package.install": {
        input: v.StrictObjectSchema<{
            readonly plugin: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
        }, undefined>;
        output: v.StrictObjectSchema<{}, undefined>;
    };
    readonly "package.versions": {
        input: v.StrictObjectSchema<{
            readonly plugins: v.ArraySchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>, undefined>;
        }, undefined>;
        output: v.StrictObjectSchema<{
            readonly versions: v.RecordSchema<v.StringSchema<undefined>, v.NullableSchema<v.StringSchema<undefined>, undefined>, undefined>;
            readonly installable: v.BooleanSchema<undefined>;
        }, undefined>;
    };
    readonly "plugin.admit": {
        input: v.StrictObjectSchema<{
            readonly manifest: v.StrictObjectSchema<{
                readonly id: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
                readonly packages: v.SchemaWithPipe<readonly [v.OptionalSchema<v.SchemaWithPipe<readonly [v.ArraySchema<v.StrictObjectSchema<{
                    readonly apt: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                    readonly binary: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                    readonly reason: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                }, undefined>, undefined>, v.DescriptionAction<{
                    apt: string;
                    binary: string;
                    reason: string;
                }[], string>]>, readonly []>, v.MaxLengthAction<{
                    apt: string;
                    binary: string;
                    reason: string;
                }[], 32, undefined>]>;
                readonly grants: v.OptionalSchema<v.SchemaWithPipe<readonly [v.StrictObjectSchema<{
                    readonly services: v.OptionalSchema<v.SchemaWithPipe<readonly [v.RecordSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>, v.StrictObjectSchema<{
                        readonly title: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                        readonly user: v.SchemaWithPipe<readonly [v.PicklistSchema<["root", "web"], undefined>, v.DescriptionAction<"root" | "web", string>]>;
                        readonly argv: v.SchemaWithPipe<readonly [v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.MinLengthAction<string[], 1, undefined>]>, v.DescriptionAction<string[], string>]>;
                        readonly test: v.SchemaWithPipe<readonly [v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.MinLengthAction<string[], 1, undefined>]>, v.DescriptionAction<string[], string>]>;
                        readonly instance: v.OptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
                        readonly reload: v.SchemaWithPipe<readonly [v.PicklistSchema<["SIGHUP", "SIGUSR1", "SIGUSR2", "restart"], undefined>, v.DescriptionAction<"SIGHUP" | "SIGUSR1" | "SIGUSR2" | "restart", string>]>;
                        readonly draining: v.OptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
                        readonly sharesPorts: v.OptionalSchema<v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>, false>;
                        readonly stop: v.SchemaWithPipe<readonly [v.PicklistSchema<["SIGTERM", "SIGQUIT", "SIGINT", "SIGWINCH"], undefined>, v.DescriptionAction<"SIGINT" | "SIGQUIT" | "SIGTERM" | "SIGWINCH", string>]>;
                        readonly stopTimeoutMs: v.OptionalSchema<v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.DescriptionAction<number, string>]>, 5000>;
                    }, undefined>, undefined>, v.DescriptionAction<{
                        [x: string]: {
                            title: string;
                            user: "root" | "web";
                            argv: string[];
                            test: string[];
                            instance?: string | undefined;
                            reload: "SIGHUP" | "SIGUSR1" | "SIGUSR2" | "restart";
                            draining?: string | undefined;
                            sharesPorts: boolean;
                            stop: "SIGINT" | "SIGQUIT" | "SIGTERM" | "SIGWINCH";
                            stopTimeoutMs: number;
                        };
                    }, string>]>, {}>;
                    readonly tree: v.OptionalSchema<v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>, false>;
                    readonly invoke: v.OptionalSchema<v.SchemaWithPipe<readonly [v.ArraySchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>, undefined>, v.DescriptionAction<string[], string>]>, readonly []>;
                }, undefined>, v.DescriptionAction<{
                    services: {
                        [x: string]: {
                            title: string;
                            user: "root" | "web";
                            argv: string[];
                            test: string[];
                            instance?: string | undefined;
                            reload: "SIGHUP" | "SIGUSR1" | "SIGUSR2" | "restart";
                            draining?: string | undefined;
                            sharesPorts: boolean;
                            stop: "SIGINT" | "SIGQUIT" | "SIGTERM" | "SIGWINCH";
                            stopTimeoutMs: number;
                        };
                    };
                    tree: boolean;
                    invoke: string[];
                }, string>]>, {}>;
            }, undefined>;
            readonly version: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
        }, undefined>;
        output: v.StrictObjectSchema<{}, undefined>;
    };
    readonly "plugin.forget": {
        input: v.StrictObjectSchema<{
            readonly id: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
        }, undefined>;
        output: v.StrictObjectSchema<{}, undefined>;
    };
    readonly "plugin.start": {
        input: v.StrictObjectSchema<{
            readonly id: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly entry: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.MaxLengthAction<string, 1024, undefined>, v.StartsWithAction<string, "/", undefined>]>;
            readonly socket: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly token: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly memory_mb: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.SafeIntegerAction<number, undefined>, v.MinValueAction<number, number, undefined>, v.MaxValueAction<number, number, undefined>]>;
        }, undefined>;
        output: v.StrictObjectSchema<{
            readonly pid: v.NumberSchema<undefined>;
        }, undefined>;
    };
    readonly "plugin.stop": {
        input: v.StrictObjectSchema<{
            readonly id: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly pid: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.SafeIntegerAction<number, undefined>, v.MinValueAction<number, number, undefined>, v.MaxValueAction<number, number, undefined>]>;
        }, undefined>;
        output: v.StrictObjectSchema<{}, undefined>;
    };
    readonly "plugin.wait": {
        input: v.StrictObjectSchema<{
            readonly id: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly pid: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.SafeIntegerAction<number, undefined>, v.MinValueAction<number, number, undefined>, v.MaxValueAction<number, number, undefined>]>;
        }, undefined>;
        output: v.StrictObjectSchema<{
            readonly how: v.PicklistSchema<["exited", "memory", "killed"], undefined>;
            readonly detail: v.StringSchema<undefined>;
            readonly output: v.StringSchema<undefined>;
        }, undefined>;
    };
    readonly "probe.fastcgi": {
        input: v.StrictObjectSchema<{
            readonly socket: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
            readonly path: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>;
        }, undefined>;
        output: v.StrictObjectSchema<{
            readonly body: v.StringSchema<undefined>;
        }, undefined>;
    };
};
export type PrivilegedOp = keyof typeof privilegedOps;
export type PrivilegedInput<K extends PrivilegedOp> = v.InferOutput<(typeof privilegedOps)[K]["input"]>;
export type PrivilegedOutput<K extends PrivilegedOp> = v.InferOutput<(typeof privilegedOps)[K]["output"]>;
export type ServiceName = v.InferOutput<typeof serviceName>;
