// What this entry of @patchbay/sdk declares, without comments. Written by `npm run gen`; see ../CHANGES.md.
// valibot 1.5.0

// errors.d.ts
export type Retry = "never" | "later" | "now";
export interface FieldError {
    readonly field: string;
    readonly code: string;
    readonly message: string;
}
export interface PanelErrorOptions {
    readonly status: number;
    readonly message: string;
    readonly fields?: readonly FieldError[];
    readonly details?: Readonly<Record<string, unknown>>;
    readonly retry?: Retry;
    readonly retryAfterSeconds?: number;
    readonly cause?: unknown;
}
declare const brand: unique symbol;
export declare class PanelError extends Error {
    readonly [brand] = true;
    readonly code: string;
    readonly status: number;
    readonly fields: readonly FieldError[];
    readonly details: Readonly<Record<string, unknown>>;
    readonly retry: Retry;
    readonly retryAfterSeconds: number | undefined;
    constructor(code: string, options: PanelErrorOptions);
    get publicMessage(): string;
}
export declare function isPanelError(error: unknown): error is PanelError;
export declare function notFound(object: string): PanelError;
export declare function invalid(field: string, code: string, message: string): PanelError;
export declare function conflict(code: string, message: string): PanelError;
export declare function forbidden(code: string, message: string): PanelError;
export type ProviderErrorKind = "unsupported" | "invalid" | "conflict" | "unavailable" | "terminal";
declare const providerBrand: unique symbol;
export declare class ProviderError extends Error {
    readonly [providerBrand] = true;
    readonly kind: ProviderErrorKind;
    readonly output: string;
    constructor(kind: ProviderErrorKind, message: string, options?: {
        output?: string;
        cause?: unknown;
    });
    static [Symbol.hasInstance](error: unknown): boolean;
}
export {};

// hook.d.ts
export type HookKind = "veto" | "transform" | "guarded" | "notify";
export interface Hook<K extends HookKind, P> {
    readonly id: string;
    readonly kind: K;
    readonly payload?: P;
}
export declare function defineHook<K extends HookKind, P>(kind: K, id: string): Hook<K, P>;
export interface Denial {
    readonly code: string;
    readonly message: string;
}
export interface TapOrder {
    readonly stage?: "early" | "normal" | "late";
    readonly before?: readonly string[];
    readonly after?: readonly string[];
}
export interface TapContext {
    readonly signal: AbortSignal;
}
export type TapResult<K extends HookKind, P> = K extends "veto" ? Denial | undefined : K extends "transform" ? P : void;
export type Tap<K extends HookKind, P> = (payload: P, ctx: TapContext) => Promise<TapResult<K, P>>;
export declare function beforeHook(operationId: string): Hook<"veto", BeforeChange>;
export declare function inputHook(operationId: string): Hook<"transform", Record<string, unknown>>;
export interface BeforeChange {
    readonly input: Readonly<Record<string, unknown>>;
    readonly caller: {
        readonly userId: number | null;
        readonly username: string;
        readonly role: string;
    };
}

// index.d.ts
export * from "./errors.ts";
export * from "./hook.ts";
export * from "./kernel-hooks.ts";
export * from "./manifest.ts";
export * from "./operation.ts";
export * from "./plugin.ts";
export * from "./principal.ts";
export * from "./schema/index.ts";
export * from "./services.ts";
export * from "./slot.ts";
export * from "./storage.ts";
export * from "./store.ts";
export * from "./task.ts";
export * from "./token.ts";
export * from "./version.ts";

// kernel-hooks.d.ts
import type { Role } from "./principal.ts";
export interface LoginAttempt {
    readonly userId: number;
    readonly username: string;
    readonly role: Role;
    readonly ip: string;
    readonly userAgent: string;
    readonly secondFactor: "none" | "totp" | "backup";
}
export declare const loginBefore: import("./hook.ts").Hook<"veto", LoginAttempt>;
export declare const loginSucceeded: import("./hook.ts").Hook<"notify", LoginAttempt>;
export interface LoginFailure {
    readonly userId: number | null;
    readonly username: string | null;
    readonly ip: string;
    readonly userAgent: string;
    readonly reason: "credentials" | "second-factor";
}
export declare const loginFailed: import("./hook.ts").Hook<"notify", LoginFailure>;
export interface CredentialsEvent {
    readonly userId: number;
    readonly username: string;
    readonly what: "password" | "second-factor-on" | "second-factor-off" | "backup-codes";
    readonly by: string;
}
export declare const credentialsChanged: import("./hook.ts").Hook<"notify", CredentialsEvent>;
export interface SessionsRevoked {
    readonly userId: number | null;
    readonly sessions: number;
    readonly by: string;
}
export declare const sessionsRevoked: import("./hook.ts").Hook<"notify", SessionsRevoked>;
export interface TokenEvent {
    readonly tokenId: number;
    readonly userId: number;
    readonly name: string;
    readonly scopes: readonly string[] | null;
    readonly by: string;
}
export declare const tokenCreated: import("./hook.ts").Hook<"notify", TokenEvent>;
export declare const tokenRevoked: import("./hook.ts").Hook<"notify", TokenEvent>;
export interface OptionEvent {
    readonly key: string;
    readonly by: string;
}
export declare const optionSaved: import("./hook.ts").Hook<"notify", OptionEvent>;
export interface PluginSettingsEvent {
    readonly plugin: string;
    readonly keys: readonly string[];
}
export declare const pluginSettingsSaved: import("./hook.ts").Hook<"notify", PluginSettingsEvent>;
export interface BackendSwitch {
    readonly slot: string;
    readonly option: string;
    readonly from: string;
    readonly to: string;
}
export declare const backendSwitched: import("./hook.ts").Hook<"notify", BackendSwitch>;
export interface PluginEvent {
    readonly plugin: string;
    readonly version: string;
    readonly source: "bundled" | "installed";
    readonly reason?: string;
}
export declare const pluginInstalled: import("./hook.ts").Hook<"notify", PluginEvent>;
export declare const pluginEnabled: import("./hook.ts").Hook<"notify", PluginEvent>;
export declare const pluginDisabled: import("./hook.ts").Hook<"notify", PluginEvent>;
export declare const pluginQuarantined: import("./hook.ts").Hook<"notify", PluginEvent>;
export declare const pluginRemoved: import("./hook.ts").Hook<"notify", PluginEvent>;
export interface RenderedConfig {
    readonly slot: string;
    readonly unit: string;
    readonly plugin: string;
    readonly exists: boolean;
    readonly files: readonly {
        readonly path: string;
        readonly content: string | null;
    }[];
    readonly lines: readonly {
        readonly file: string;
        readonly line: string;
    }[];
}
export declare const configRendered: import("./hook.ts").Hook<"veto", RenderedConfig>;
export interface AppliedConfig {
    readonly slot: string;
    readonly plugin: string;
    readonly units: readonly string[];
    readonly unitCount: number;
    readonly files: readonly {
        readonly path: string;
        readonly action: "write" | "remove";
    }[];
    readonly fileCount: number;
    readonly services: readonly string[];
}
export declare const configApplied: import("./hook.ts").Hook<"notify", AppliedConfig>;

// manifest.d.ts
import * as v from "valibot";
declare const service: v.StrictObjectSchema<{
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
}, undefined>;
export declare const manifestSchema: v.StrictObjectSchema<{
    readonly id: v.SchemaWithPipe<readonly [v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>, v.DescriptionAction<string, string>]>;
    readonly title: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly sdk: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly provides: v.OptionalSchema<v.SchemaWithPipe<readonly [v.ArraySchema<v.StrictObjectSchema<{
        readonly slot: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
        readonly as: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    }, undefined>, undefined>, v.DescriptionAction<{
        slot: string;
        as: string;
    }[], string>]>, readonly []>;
    readonly requires: v.OptionalSchema<v.SchemaWithPipe<readonly [v.ArraySchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.RegexAction<string, undefined>]>, undefined>, v.DescriptionAction<string[], string>]>, readonly []>;
    readonly packages: v.OptionalSchema<v.SchemaWithPipe<readonly [v.ArraySchema<v.StrictObjectSchema<{
        readonly apt: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
        readonly binary: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
        readonly reason: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    }, undefined>, undefined>, v.DescriptionAction<{
        apt: string;
        binary: string;
        reason: string;
    }[], string>]>, readonly []>;
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
    readonly isolation: v.OptionalSchema<v.SchemaWithPipe<readonly [v.PicklistSchema<["kernel", "process"], undefined>, v.DescriptionAction<"kernel" | "process", string>]>, undefined>;
    readonly memoryMb: v.OptionalSchema<v.SchemaWithPipe<readonly [v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.SafeIntegerAction<number, undefined>, v.MinValueAction<number, 64, undefined>, v.MaxValueAction<number, 4096, undefined>]>, v.DescriptionAction<number, string>]>, 256>;
}, undefined>;
export type Manifest = v.InferOutput<typeof manifestSchema>;
export type ServiceGrant = v.InferOutput<typeof service>;
export {};

// operation.d.ts
import type * as v from "valibot";
import type { Hook } from "./hook.ts";
import type { Principal, Role } from "./principal.ts";
import type { Db, Intents, Read } from "./storage.ts";
import type { Task } from "./task.ts";
import type { Token } from "./token.ts";
export type Schema<T = unknown> = v.GenericSchema<unknown, T>;
export interface Access {
    readonly callers: "public" | "session" | readonly Role[];
    readonly object?: {
        readonly type: string;
        readonly from: string;
        readonly infer?: boolean;
    };
    readonly whileSuspended?: boolean;
    readonly selfOnly?: boolean;
}
export interface QuotaClaim {
    readonly meter: string;
    readonly accountId: number;
    readonly amount: number;
}
export interface OperationContext {
    readonly principal: Principal;
    readonly read: Read;
    readonly now: number;
    readonly operationId: string;
    readonly dryRun: boolean;
    use<T>(token: Token<T>): T;
    find<T>(token: Token<T>): T | undefined;
}
export interface ChangeContext extends OperationContext {
    readonly db: Db;
    readonly intents: Intents;
    emit<P>(hook: Hook<"notify", P>, payload: P): Promise<void>;
    run<P>(hook: Hook<"guarded", P>, payload: P): Promise<void>;
    note(detail: Readonly<Record<string, unknown>>): void;
    start<P>(task: Task<P>, payload: P): void;
    setSession(cookie: {
        value: string;
        maxAgeSeconds: number;
    } | null): void;
}
interface OperationBase<I, O> {
    readonly id: string;
    readonly summary: string;
    readonly access: Access;
    readonly input: Schema<I>;
    readonly output: Schema<O>;
    readonly rate: "login" | "standard";
    readonly aliases?: Readonly<Record<string, string>>;
    readonly secrets?: readonly string[];
    readonly errors?: readonly string[];
    readonly message?: string;
}
export interface QueryOperation<I, O> extends OperationBase<I, O> {
    readonly method: "GET";
    readonly audit: "none" | "read";
    handle(input: I, ctx: OperationContext): Promise<O>;
}
export interface ChangeOperation<I, O, P = unknown> extends OperationBase<I, O> {
    readonly method: "POST" | "DELETE";
    readonly audit: "change";
    resource?(input: I, output: O): string;
    prepare?(input: I, ctx: OperationContext): Promise<P>;
    quota?(input: I, ctx: OperationContext): Promise<readonly QuotaClaim[]>;
    handle(input: I, ctx: ChangeContext, prepared: P): Promise<O>;
    readonly secretOutput?: boolean;
}
export type Operation<I = unknown, O = unknown> = QueryOperation<I, O> | ChangeOperation<I, O>;
export declare function defineQuery<IS extends Schema, OS extends Schema>(spec: Omit<QueryOperation<v.InferOutput<IS>, v.InferOutput<OS>>, "input" | "output" | "method" | "audit"> & {
    readonly input: IS;
    readonly output: OS;
    readonly audit?: "none" | "read";
}): Operation;
export declare function defineChange<IS extends Schema, OS extends Schema, P = undefined>(spec: Omit<ChangeOperation<v.InferOutput<IS>, v.InferOutput<OS>, P>, "input" | "output" | "audit"> & {
    readonly input: IS;
    readonly output: OS;
}): Operation;
export declare function pathOf(operationId: string): string;
export {};

// plugin.d.ts
import type { Hook, HookKind, Tap, TapOrder } from "./hook.ts";
import type { ChangeContext, Operation, Schema } from "./operation.ts";
import type { ProviderEntry, Slot, Unit } from "./slot.ts";
import type { Migration, Read } from "./storage.ts";
import type { Task } from "./task.ts";
import type { Token } from "./token.ts";
export interface ObjectType {
    readonly type: string;
    readonly title: string;
    readonly tables: readonly string[];
    owner(read: Read, id: number): Promise<ObjectOwner | undefined>;
}
export interface ObjectOwner {
    readonly accountId: number;
    readonly userId: number;
    readonly resellerId: number | null;
}
export interface Meter {
    readonly id: string;
    count(read: Read, accountId: number): Promise<number>;
}
export interface LimitSource {
    limit(read: Read, accountId: number, meter: string): Promise<number | null>;
}
export interface AccountOfUser {
    readonly tables: readonly string[];
    find(read: Read, userId: number): Promise<{
        accountId: number;
        suspended: boolean;
        reason?: string | null;
    } | undefined>;
}
export interface Schedule {
    readonly id: string;
    readonly cron: string;
    run(use: <T>(token: Token<T>) => T, signal: AbortSignal): Promise<void>;
}
export interface Upgrade {
    readonly id: string;
    run(change: ChangeContext): Promise<boolean>;
}
export interface Setting {
    readonly key: string;
    readonly title: string;
    readonly schema: Schema<string>;
    readonly default: string;
    readonly secret?: boolean;
}
export interface Contributions {
    readonly use: <T>(token: Token<T>) => T;
    operation(operation: Operation): void;
    migrations(steps: readonly Migration[]): void;
    slot<U extends Unit>(slot: Slot<U>): void;
    provider<U extends Unit>(entry: ProviderEntry<U>): void;
    object(type: ObjectType): void;
    meter(meter: Meter): void;
    limits(source: LimitSource): void;
    accountOfUser(source: AccountOfUser): void;
    tap<K extends HookKind, P>(hook: Hook<K, P>, tap: Tap<K, P>, order?: TapOrder): void;
    schedule(schedule: Schedule): void;
    setting(setting: Setting): void;
    pluginSetting(setting: Setting): void;
    task<P>(task: Task<P>): void;
    upgrade(step: Upgrade): void;
    service<T>(token: Token<T>, create: (use: <S>(token: Token<S>) => S) => T): void;
}
export interface Plugin {
    readonly $type: "patchbay/plugin";
    readonly version: 1;
    contribute(to: Contributions): void;
}
export declare function definePlugin(contribute: (to: Contributions) => void): Plugin;

// principal.d.ts
export declare const roles: readonly ["admin", "reseller", "user"];
export type Role = (typeof roles)[number];
export interface Principal {
    readonly userId: number | null;
    readonly username: string;
    readonly role: Role | "anonymous" | "system";
    readonly via: "session" | "token" | "none" | "system";
    readonly credentialId: number | null;
    readonly scopes: readonly string[] | null;
    readonly accountId: number | null;
    readonly suspended: boolean;
    readonly impersonator: {
        readonly userId: number;
        readonly username: string;
    } | null;
    readonly ip: string;
    readonly userAgent: string;
}
export declare const asPlugin: Principal;

// schema/choice.d.ts
import * as v from "valibot";
export declare function choice<const T extends readonly (string | number)[]>(options: T): v.PicklistSchema<T, string>;

// schema/document-root.d.ts
export declare function documentRoot(home: string): import("valibot").GenericSchema<unknown, string>;

// schema/domain-name.d.ts
import { type Broken } from "./rule.ts";
export declare function toDomainName(text: string): string | Broken;
export declare const domainName: import("valibot").GenericSchema<unknown, string>;

// schema/email-address.d.ts
export declare const emailAddress: import("valibot").GenericSchema<unknown, string>;
export declare const mailboxAddress: import("valibot").GenericSchema<unknown, string>;

// schema/flag.d.ts
export declare function toBoolean(value: unknown): boolean | undefined;
export declare const flag: import("valibot").GenericSchema<unknown, boolean>;

// schema/home-path.d.ts
import { type Broken } from "./rule.ts";
export declare function toHomePath(text: string): string | Broken;
export declare function toPathIn(home: string, text: string): string | Broken;
export declare const homePath: import("valibot").GenericSchema<unknown, string>;
export declare const accountPath: import("valibot").GenericSchema<unknown, string>;
export declare function pathIn(home: string): import("valibot").GenericSchema<unknown, string>;

// schema/host-name.d.ts
import { type Broken } from "./rule.ts";
export declare const hostFacts: {
    readonly format: "idn-hostname";
    readonly minLength: 3;
    readonly maxLength: 254;
};
export declare function toHostName(text: string): string | Broken;
export declare const hostName: import("valibot").GenericSchema<unknown, string>;

// schema/http-url.d.ts
import { type Broken } from "./rule.ts";
export declare function toHttpUrl(text: string): string | Broken;
export declare const httpUrl: import("valibot").GenericSchema<unknown, string>;

// schema/index.d.ts
export { choice } from "./choice.ts";
export { documentRoot } from "./document-root.ts";
export { domainName } from "./domain-name.ts";
export { emailAddress, mailboxAddress } from "./email-address.ts";
export { flag } from "./flag.ts";
export { accountPath, homePath, pathIn } from "./home-path.ts";
export { hostName } from "./host-name.ts";
export { httpUrl } from "./http-url.ts";
export { parseField, safeFieldName, toFieldErrors } from "./issues.ts";
export { objectId, safeInt } from "./numbers.ts";
export { pageOf, toPage } from "./page.ts";
export { isBuiltFrom, password, passwordFor } from "./password.ts";
export { phpVersion } from "./php-version.ts";
export { pageQuery, queryBool, queryId, queryInt } from "./query.ts";
export { type RuleCode, rule } from "./rule.ts";
export { scopeName } from "./scope-name.ts";
export { multilineText, text } from "./text.ts";
export { isoDate, timestamp, toIso } from "./time.ts";
export { username } from "./username.ts";

// schema/issues.d.ts
import * as v from "valibot";
import { type FieldError } from "../errors.ts";
type Issue = v.BaseIssue<unknown>;
export declare function safeFieldName(name: string): string;
export declare function toFieldErrors(issues: readonly Issue[]): FieldError[];
export declare function parseField<T>(field: string, schema: v.GenericSchema<unknown, T>, value: unknown): T;
export {};

// schema/numbers.d.ts
import { type Broken } from "./rule.ts";
export declare function toSafeInt(value: unknown, min: number, max: number): number | Broken;
export declare function safeInt(min: number, max: number): import("valibot").GenericSchema<unknown, number>;
export declare const objectId: import("valibot").GenericSchema<unknown, number>;

// schema/page.d.ts
import * as v from "valibot";
import type { Schema } from "../operation.ts";
export declare function pageOf<S extends Schema>(item: S): v.StrictObjectSchema<{
    readonly items: v.ArraySchema<S, undefined>;
    readonly meta: v.StrictObjectSchema<{
        readonly total: v.NumberSchema<undefined>;
        readonly page: v.NumberSchema<undefined>;
        readonly per_page: v.NumberSchema<undefined>;
        readonly pages: v.NumberSchema<undefined>;
    }, undefined>;
}, undefined>;
export declare function toPage<T>(items: readonly T[], total: number, at: {
    readonly page: number;
    readonly per_page: number;
}): {
    items: T[];
    meta: {
        total: number;
        page: number;
        per_page: number;
        pages: number;
    };
};

// schema/password.d.ts
export declare function isBuiltFrom(password: string, name: string): boolean;
export declare const password: import("valibot").GenericSchema<unknown, string>;
export declare function passwordFor(names: readonly string[]): import("valibot").GenericSchema<unknown, string>;

// schema/php-version.d.ts
export declare const phpVersion: import("valibot").GenericSchema<unknown, string>;

// schema/query.d.ts
import * as v from "valibot";
export declare function queryInt(min: number, max: number): v.GenericSchema<unknown, number>;
export declare const queryId: v.GenericSchema<unknown, number>;
export declare const queryBool: v.GenericSchema<unknown, boolean>;
export declare const pageQuery: {
    page: v.OptionalSchema<v.GenericSchema<unknown, number>, 1>;
    per_page: v.OptionalSchema<v.GenericSchema<unknown, number>, 25>;
};

// schema/rule.d.ts
import * as v from "valibot";
export declare const ruleCodes: readonly ["required", "type", "format", "range", "length", "unknown", "choice"];
export type RuleCode = (typeof ruleCodes)[number];
export declare function rule(code: RuleCode, words: string): string;
export interface Broken {
    readonly code: RuleCode;
    readonly words: string;
}
export declare function broken(code: RuleCode, words: string): Broken;
export declare function isBroken(result: unknown): result is Broken;
export type JsonSchemaFacts = Readonly<Record<string, unknown>>;
type Scalar = string | number | boolean;
export declare function canonical<T extends Scalar>(facts: JsonSchemaFacts, read: (value: unknown) => T | Broken): v.GenericSchema<unknown, T>;
export declare function canonicalString(facts: JsonSchemaFacts, read: (value: string) => string | Broken): v.GenericSchema<unknown, string>;
export {};

// schema/scope-name.d.ts
export declare const scopeName: import("valibot").GenericSchema<unknown, string>;

// schema/text.d.ts
export declare function text(min: number, max: number): import("valibot").GenericSchema<unknown, string>;
export declare function multilineText(min: number, max: number): import("valibot").GenericSchema<unknown, string>;

// schema/time.d.ts
export declare function toIso(ms: number): string;
export declare const isoDate: import("valibot").GenericSchema<unknown, string>;
export declare const timestamp: import("valibot").GenericSchema<unknown, string>;

// schema/username.d.ts
export declare const username: import("valibot").GenericSchema<unknown, string>;

// services.d.ts
import type { ChangeContext } from "./operation.ts";
import type { Principal, Role } from "./principal.ts";
import type { Db, Intents, Read } from "./storage.ts";
export interface Clock {
    now(): number;
}
export interface Logger {
    info(message: string, fields?: Readonly<Record<string, unknown>>): void;
    warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
    error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
export interface HostInfo {
    readonly kind: "sandbox" | "system";
    readonly address: string;
    readonly ports: Readonly<Record<ServicePort, number>>;
    readonly paths: HostPaths;
    readonly multiUser: boolean;
    readonly web: {
        readonly uid: number;
        readonly gid: number;
    };
    readonly accounts: {
        readonly firstUid: number;
        readonly count: number;
    };
    readonly phpVersions: readonly string[];
}
export type ServicePort = "http" | "https" | "dns" | "dns-control" | "smtp" | "submission" | "imap" | "imaps" | "ftp" | "mysql" | "postgresql";
export interface HostPaths {
    readonly etc: string;
    readonly run: string;
    readonly log: string;
    readonly state: string;
    readonly homes: string;
    readonly archive: string;
}
export interface HostAccount {
    readonly username: string;
    readonly uid: number;
    readonly home: string;
    readonly suspended: boolean;
}
export interface HostAccounts {
    ensure(account: HostAccount): Promise<void>;
    remove(account: HostAccount): Promise<void>;
    matches(account: HostAccount): Promise<boolean>;
    makeDirectory(account: HostAccount, path: string): Promise<void>;
    usage(account: HostAccount): Promise<{
        bytes: number;
        inodes: number;
    }>;
    pruneArchive(days: number): Promise<number>;
}
export type ServiceState = "running" | "stopped" | "failed" | "unknown";
export interface ServiceStatus {
    readonly name: string;
    readonly plugin: string;
    readonly status: ServiceState;
}
export interface Services {
    list(): Promise<readonly ServiceStatus[]>;
    act(name: string, action: "start" | "stop" | "restart"): Promise<ServiceStatus>;
}
export interface Passwords {
    hash(password: string): Promise<string>;
    verify(hash: string, password: string): Promise<boolean>;
}
export interface PanelUser {
    readonly id: number;
    readonly username: string;
    readonly email: string;
    readonly role: Role;
    readonly status: "active" | "disabled";
}
export interface Users {
    create(intents: Intents, user: {
        username: string;
        email: string;
        role: Role;
        passwordHash: string;
    }): Promise<{
        id: number;
    }>;
    get(read: Read, id: number): Promise<PanelUser | undefined>;
    list(read: Read, role: Role): Promise<readonly PanelUser[]>;
    update(intents: Intents, id: number, patch: {
        email?: string;
        passwordHash?: string;
        status?: "active" | "disabled";
    }): Promise<void>;
    delete(intents: Intents, id: number): Promise<void>;
    revoke(db: Db, id: number, keepSession?: number): Promise<number>;
    impersonate(db: Db, id: number, by: Principal): Promise<{
        value: string;
        maxAgeSeconds: number;
    }>;
}
export interface SlotChoice {
    readonly option: string;
    readonly slot: string;
    readonly title: string;
    readonly chosen: string;
    readonly optional: boolean;
    readonly providers: readonly {
        readonly id: string;
        readonly title: string;
        readonly plugin: string;
        readonly installed: boolean;
    }[];
}
export interface ServerOptions {
    choices(): Promise<readonly SlotChoice[]>;
    get(key: string): string;
    all(): Readonly<Record<string, string>>;
    save(intents: Intents, key: string, value: string): Promise<void>;
}
export interface Usage {
    readonly used: number;
    readonly limit: number | null;
}
export interface Quotas {
    usage(read: Read, accountId: number, meter: string): Promise<Usage>;
}
export interface AuditFilter {
    readonly user?: string;
    readonly action?: string;
    readonly from?: number;
    readonly to?: number;
    readonly page: number;
    readonly perPage: number;
}
export interface AuditRecord {
    readonly id: number;
    readonly user_id: number | null;
    readonly username: string;
    readonly action: string;
    readonly resource: string;
    readonly detail: Readonly<Record<string, unknown>>;
    readonly ip_address: string;
    readonly created_at: string;
}
export interface AuditLog {
    query(read: Read, filter: AuditFilter): Promise<{
        items: readonly AuditRecord[];
        total: number;
    }>;
}
export interface Invoker {
    invoke(operationId: string, input: unknown, principal: Principal): Promise<unknown>;
}
export interface SystemFacts {
    readonly version: string;
    readonly gitCommit: string | null;
    readonly os: string;
    portal(role: Role): string;
    readonly reservedHosts: readonly string[];
}
export interface Machine {
    sample(): Promise<{
        readonly cpuPercent: number;
        readonly memory: {
            readonly totalBytes: number;
            readonly usedBytes: number;
        };
        readonly disk: {
            readonly totalBytes: number;
            readonly usedBytes: number;
        };
        readonly uptimeSeconds: number;
        readonly load: readonly [number, number, number];
    }>;
}
export interface Writes {
    write<T>(work: (db: Db, intents: Intents, emit: ChangeContext["emit"]) => Promise<T>): Promise<T>;
}
export interface SwitchPreview {
    readonly slot: string;
    readonly from: string;
    readonly to: string;
    readonly units: number;
    readonly refused: readonly UnitIssue[];
    readonly lost: readonly UnitIssue[];
    readonly warnings: readonly string[];
}
export interface UnitIssue {
    readonly unit: string;
    readonly field: string;
    readonly message: string;
}
export interface Switching {
    preview(read: Read, option: string, value: string): Promise<SwitchPreview>;
    begin(change: ChangeContext, request: {
        option: string;
        value: string;
        force: boolean;
    }): Promise<void>;
}
export interface BackendState {
    readonly option: string;
    readonly slot: string;
    readonly id: string;
    readonly title: string;
    readonly plugin: string;
    readonly installed: boolean;
    readonly version: string | null;
    readonly running: boolean;
    readonly active: boolean;
    readonly installable: boolean;
}
export interface Backends {
    list(): Promise<readonly BackendState[]>;
    install(change: ChangeContext, option: string, value: string): Promise<void>;
    report(slot: string, key: string): Promise<Readonly<Record<string, unknown>> | undefined>;
}
export interface Vault {
    seal(context: string, text: string): string;
    open(context: string, sealed: string): string;
    derive(label: string): Uint8Array;
}
export interface Wire {
    datagram(port: ServicePort, message: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
    connect(port: ServicePort, signal: AbortSignal): Promise<WireStream>;
}
export interface WireStream {
    write(bytes: Uint8Array): Promise<void>;
    read(length: number): Promise<Uint8Array>;
    close(): void;
}
export interface StateFiles {
    seed(path: string, content: string): Promise<void>;
    remove(paths: readonly string[]): Promise<void>;
}
export interface ServerCertificate {
    readonly certificate: string;
    readonly privateKey: string;
}
export interface PluginSettings {
    get(key: string): string;
}
export declare const Services: import("./token.ts").Token<Services>;
export declare const Clock: import("./token.ts").Token<Clock>;
export declare const Logger: import("./token.ts").Token<Logger>;
export declare const HostInfo: import("./token.ts").Token<HostInfo>;
export declare const HostAccounts: import("./token.ts").Token<HostAccounts>;
export declare const Passwords: import("./token.ts").Token<Passwords>;
export declare const Users: import("./token.ts").Token<Users>;
export declare const ServerOptions: import("./token.ts").Token<ServerOptions>;
export declare const Quotas: import("./token.ts").Token<Quotas>;
export declare const AuditLog: import("./token.ts").Token<AuditLog>;
export declare const Invoker: import("./token.ts").Token<Invoker>;
export declare const SystemFacts: import("./token.ts").Token<SystemFacts>;
export declare const Reads: import("./token.ts").Token<Read>;
export declare const Machine: import("./token.ts").Token<Machine>;
export declare const Writes: import("./token.ts").Token<Writes>;
export declare const Switching: import("./token.ts").Token<Switching>;
export declare const Backends: import("./token.ts").Token<Backends>;
export declare const Vault: import("./token.ts").Token<Vault>;
export declare const Wire: import("./token.ts").Token<Wire>;
export declare const StateFiles: import("./token.ts").Token<StateFiles>;
export declare const PluginSettings: import("./token.ts").Token<PluginSettings>;
export declare const ServerCertificate: import("./token.ts").Token<ServerCertificate>;

// slot.d.ts
import { ProviderError } from "./errors.ts";
import type { Schema } from "./operation.ts";
import type { Read } from "./storage.ts";
export type Unit = Readonly<Record<string, unknown>>;
export interface Slot<U extends Unit = Unit> {
    readonly id: string;
    readonly title: string;
    readonly option: string | null;
    readonly cardinality?: "one" | "many";
    readonly optional?: boolean;
    readonly unit: Schema<U>;
    readonly after: readonly string[];
    load(read: Read, keys: readonly string[]): Promise<ReadonlyMap<string, U>>;
    keys(read: Read, after: string, limit: number): Promise<readonly string[]>;
    assigned?(read: Read, keys: readonly string[]): Promise<ReadonlyMap<string, string>>;
    parity?(key: string, unit: U): readonly ParityRequest[];
}
export interface ParityRequest {
    readonly port: "http" | "https";
    readonly host: string;
    readonly path: string;
}
export declare function defineSlot<U extends Unit>(slot: Slot<U>): Slot<U>;
export interface Issue {
    readonly field: string;
    readonly message: string;
    readonly lost?: boolean;
}
export type SidePorts = Readonly<Record<"http" | "https", number>>;
export declare const sideAddress = "127.0.0.1";
export interface Stand {
    readonly role: "front" | "side";
    readonly ports: SidePorts;
}
export interface RenderedFile {
    readonly path: string;
    readonly content: string;
    readonly secret?: boolean;
}
export interface RenderedLine {
    readonly file: string;
    readonly key: string;
    readonly line: string;
}
export interface ServiceRef {
    readonly service: string;
    readonly instance?: string;
}
export type Probe = {
    readonly kind: "http";
    readonly port: "http" | "https";
    readonly host: string;
    readonly path: string;
    readonly status?: number;
    readonly body?: string;
    readonly certificate?: string;
} | {
    readonly kind: "fastcgi";
    readonly socket: string;
    readonly path: string;
    readonly body: string;
} | {
    readonly kind: "dns";
    readonly name: string;
    readonly type: "TXT";
    readonly value: string;
};
export interface Rendered {
    readonly files?: readonly RenderedFile[];
    readonly lines?: readonly RenderedLine[];
    readonly services?: readonly ServiceRef[];
    readonly probes?: readonly Probe[];
}
export interface RenderingProvider<U extends Unit = Unit> {
    readonly kind: "render";
    audit(unit: U): readonly Issue[];
    base(stand: Stand): Rendered;
    render(key: string, unit: U): Rendered;
    relay?(key: string, unit: U, to: SidePorts): Rendered;
    generation?(generation: number): Rendered;
}
export interface UnitChange<U extends Unit = Unit> {
    readonly key: string;
    readonly unit: U | null;
    readonly previous: U | undefined;
}
export interface UnitDrift {
    readonly key: string;
    readonly wanted: string;
    readonly actual: string | null;
}
export interface ExecutingProvider<U extends Unit = Unit> {
    readonly kind: "execute";
    audit(unit: U): readonly Issue[];
    base?(stand: Stand): Rendered;
    generation?(generation: number): Rendered;
    execute(changes: readonly UnitChange<U>[], signal: AbortSignal): Promise<ReadonlyMap<string, ProviderError>>;
    drifted(units: ReadonlyMap<string, U>, signal: AbortSignal): Promise<readonly UnitDrift[]>;
    report?(key: string, unit: U, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
}
export type Provider<U extends Unit = Unit> = RenderingProvider<U> | ExecutingProvider<U>;
export interface ProviderEntry<U extends Unit = Unit> {
    readonly slot: string;
    readonly id: string;
    readonly title: string;
    readonly default?: boolean;
    create(use: <T>(token: import("./token.ts").Token<T>) => T): Provider<U>;
}
export declare function defineProvider<U extends Unit>(entry: ProviderEntry<U>): ProviderEntry<U>;
export interface UnitCalls<U extends Unit> {
    apply(key: string, unit: U, previous: U | undefined, signal: AbortSignal): Promise<void>;
    remove(key: string, previous: U, signal: AbortSignal): Promise<void>;
}
export declare function executeEach<U extends Unit>(calls: UnitCalls<U>): ExecutingProvider<U>["execute"];

// storage.d.ts
import type { Knex } from "knex";
export type Db = Knex;
export type SqlValue = string | number | null;
export interface Read {
    get<Row>(sql: string, params?: readonly SqlValue[]): Promise<Row | undefined>;
    all<Row>(sql: string, params?: readonly SqlValue[]): Promise<Row[]>;
}
export interface Migration {
    readonly id: string;
    up(db: Db): Promise<void>;
}
export type RowValue = string | number | null;
export type NewRow = Readonly<Record<string, RowValue>>;
export interface Intents {
    insert(table: string, row: NewRow): Promise<{
        id: number;
        uuid: string;
    }>;
    update(table: string, id: number, patch: NewRow, before?: object): Promise<void>;
    delete(table: string, id: number): Promise<void>;
    touch(slot: string, key: string): void;
}

// store.d.ts
export type StoredValue = string | number | boolean | null | readonly StoredValue[] | {
    readonly [key: string]: StoredValue;
};
export interface Store {
    get(key: string): Promise<StoredValue | undefined>;
    put(key: string, value: StoredValue): Promise<void>;
    delete(key: string): Promise<void>;
    keys(prefix: string, after?: string): Promise<readonly string[]>;
}
export declare const Store: import("./token.ts").Token<Store>;

// task.d.ts
import type { Read } from "./storage.ts";
import type { Token } from "./token.ts";
export type TaskStepState = "running" | "done" | "failed" | "skipped";
export interface TaskContext {
    readonly operationId: string;
    readonly signal: AbortSignal;
    use<T>(token: Token<T>): T;
    step(name: string, state: TaskStepState, message?: string): Promise<void>;
    progress(share: number): Promise<void>;
}
export interface Task<P = unknown> {
    readonly id: string;
    readonly title: string;
    run(payload: P, ctx: TaskContext): Promise<void>;
    preview?(payload: P, read: Read): Promise<TaskPreview>;
}
export interface TaskPreview {
    readonly plan: readonly {
        readonly slot: string;
        readonly unit: string;
        readonly action: string;
        readonly target: string;
    }[];
    readonly warnings: readonly string[];
}
declare const undoneBrand: unique symbol;
export declare class Undone extends Error {
    readonly [undoneBrand] = true;
    constructor(message: string, options?: {
        cause?: unknown;
    });
    static [Symbol.hasInstance](error: unknown): boolean;
}
export declare function defineTask<P>(task: Task<P>): Task<P>;
export {};

// token.d.ts
export interface Token<T> {
    readonly id: string;
    readonly key: symbol;
    readonly type?: T;
}
export declare function token<T>(id: string): Token<T>;

// version.d.ts
export declare const SDK_VERSION: string;
