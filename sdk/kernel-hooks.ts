import { defineHook } from "./hook.ts";
import type { Role } from "./principal.ts";

/** Somebody who has shown the right password, and the second factor where there is one. */
export interface LoginAttempt {
  readonly userId: number;
  readonly username: string;
  readonly role: Role;
  readonly ip: string;
  readonly userAgent: string;
  /** What was shown besides the password. */
  readonly secondFactor: "none" | "totp" | "backup";
}

/**
 * Somebody is about to be logged in. A tap may refuse that, and never allow what the panel refuses.
 *
 * @when During `auth.login`, once the password and the second factor were found right and before anything is changed. Not for
 *   `accounts.impersonate` and not for requests with an API token: see their own `.before` hooks.
 * @failure A denial answers 403 with its code, and there is no session; it does not count towards the lockout. A tap that
 *   throws or is late refuses the login with HOOK_FAILED (503).
 */
export const loginBefore = defineHook<"veto", LoginAttempt>("veto", "login.before");

/**
 * Somebody logged in.
 *
 * @when After `auth.login`.
 */
export const loginSucceeded = defineHook<"notify", LoginAttempt>("notify", "login.succeeded");

/** Credentials that were refused. */
export interface LoginFailure {
  /** Null for a name nobody has: what was typed there is kept nowhere, because it may be a password. */
  readonly userId: number | null;
  readonly username: string | null;
  readonly ip: string;
  readonly userAgent: string;
  /** `credentials`: unknown name, wrong password or disabled login. `second-factor`: the password was right, the code was not. */
  readonly reason: "credentials" | "second-factor";
}

/**
 * Somebody failed to log in.
 *
 * @when After each failure of `auth.login` that counts towards the lockout. Not while a name is locked already, not for a
 *   missing code, and not for a login that `login.before` refused.
 */
export const loginFailed = defineHook<"notify", LoginFailure>("notify", "login.failed");

/** Credentials of a user that are others now. Neither old nor new ones are in it. */
export interface CredentialsEvent {
  readonly userId: number;
  readonly username: string;
  readonly what: "password" | "second-factor-on" | "second-factor-off" | "backup-codes";
  /** Name of who did it: the user, or an admin. */
  readonly by: string;
}

/**
 * A password or second factor of somebody was changed. Tell the user: it may have been a stranger.
 *
 * @when After `auth.change-password`, `auth.totp-enable`, `auth.totp-disable`, `auth.backup-codes`,
 *   `accounts.change-password`, and a `resellers.update` with a password.
 */
export const credentialsChanged = defineHook<"notify", CredentialsEvent>("notify", "users.credentials-changed");

/** Sessions that an admin ended. */
export interface SessionsRevoked {
  /** Whose; null: everybody's. */
  readonly userId: number | null;
  readonly sessions: number;
  readonly by: string;
}

/**
 * An admin ended sessions of others.
 *
 * @when After `sessions.revoke`, `sessions.revoke-user` and `sessions.revoke-all`. Not when somebody logs out, and not for the
 *   sessions that end with a changed password: see `users.credentials-changed`.
 */
export const sessionsRevoked = defineHook<"notify", SessionsRevoked>("notify", "sessions.revoked");

/** An API token. The token itself is in no payload. */
export interface TokenEvent {
  readonly tokenId: number;
  readonly userId: number;
  readonly name: string;
  /** Null: it may do what its user may. */
  readonly scopes: readonly string[] | null;
  readonly by: string;
}

/**
 * Somebody made an API token.
 *
 * @when After `tokens.create`.
 */
export const tokenCreated = defineHook<"notify", TokenEvent>("notify", "tokens.created");

/**
 * An API token was ended.
 *
 * @when After `tokens.revoke`. Not for those that end with a changed password: see `users.credentials-changed`.
 */
export const tokenRevoked = defineHook<"notify", TokenEvent>("notify", "tokens.revoked");

/** A server option that has another value. Read it with `ServerOptions`. */
export interface OptionEvent {
  readonly key: string;
  readonly by: string;
}

/**
 * A server option was saved that chooses no backend.
 *
 * @when After `system.save-option`. For options that choose a backend see `backends.switched`.
 */
export const optionSaved = defineHook<"notify", OptionEvent>("notify", "settings.option-saved");

/** Settings of one plugin that were saved. */
export interface PluginSettingsEvent {
  readonly plugin: string;
  readonly keys: readonly string[];
}

/**
 * Settings of a plugin were saved.
 *
 * @when After `plugins.save-settings`.
 */
export const pluginSettingsSaved = defineHook<"notify", PluginSettingsEvent>("notify", "plugins.settings-saved");

/** A slot that another backend serves. */
export interface BackendSwitch {
  readonly slot: string;
  /** Server option, `web_server`. */
  readonly option: string;
  /** Provider ids; `none`: nobody. Empty: nobody had been chosen. */
  readonly from: string;
  readonly to: string;
}

/**
 * Another backend serves a slot, and every unit answers there.
 *
 * @when After a `system.save-option` that chose another backend: at once while there are no units, otherwise when the task has
 *   handed over. Not for a switch that was taken back.
 */
export const backendSwitched = defineHook<"notify", BackendSwitch>("notify", "backends.switched");

/** A plugin, for those who are told of it. */
export interface PluginEvent {
  readonly plugin: string;
  readonly version: string;
  /** `bundled`: it comes with the panel. `installed`: an admin installed it. */
  readonly source: "bundled" | "installed";
  /** Why, where the panel decided it. */
  readonly reason?: string;
}

/**
 * A plugin was put on this server. It does nothing before it is approved and enabled.
 *
 * @when After `plugins.install`, also for another version of a plugin that was there.
 */
export const pluginInstalled = defineHook<"notify", PluginEvent>("notify", "plugins.installed");

/**
 * A plugin takes part from now on.
 *
 * @when After `plugins.enable`. Not at the start of the panel.
 */
export const pluginEnabled = defineHook<"notify", PluginEvent>("notify", "plugins.enabled");

/**
 * A plugin takes no part any more, because an admin said so.
 *
 * @when After `plugins.disable`. The plugin itself is not told.
 */
export const pluginDisabled = defineHook<"notify", PluginEvent>("notify", "plugins.disabled");

/**
 * A plugin was taken out by the panel, because it kept failing. `reason` says how.
 *
 * @when When its faults are too many. The plugin itself is not told.
 */
export const pluginQuarantined = defineHook<"notify", PluginEvent>("notify", "plugins.quarantined");

/**
 * A plugin and what it kept are gone from this server.
 *
 * @when After `plugins.remove`. The plugin itself is not told.
 */
export const pluginRemoved = defineHook<"notify", PluginEvent>("notify", "plugins.removed");

/** What a backend wants to write for one unit. */
export interface RenderedConfig {
  /** Slot of the unit, `web`. */
  readonly slot: string;
  /** Key of the unit, `example.com`. */
  readonly unit: string;
  /** The plugin whose configuration tree it is. */
  readonly plugin: string;
  /** False: the plugin has nothing of this unit yet. */
  readonly exists: boolean;
  /** Whole files, relative to the tree of the plugin. `content` null: it holds a secret. */
  readonly files: readonly { readonly path: string; readonly content: string | null }[];
  /** The unit's own lines of files it shares with others. */
  readonly lines: readonly { readonly file: string; readonly line: string }[];
}

/**
 * A backend has rendered a unit that differs from what was applied. A tap may refuse it, and cannot alter it.
 *
 * @when Before anything is written, for each unit that is new or differs, for every backend that gets files of it; also when
 *   everything is applied anew or a backend is switched. Not for what is removed, not for a change that is being taken back,
 *   not for the main configuration, and not for backends that are told what to do instead of reading files (DNS).
 * @may Refuse the unit. It is asked while the panel applies changes: it must not change anything through an operation and wait
 *   for that.
 * @failure The change that wanted the unit is taken back, and its caller gets APPLY_REFUSED (422) with the message of the
 *   denial as a field error. A tap that throws or is late refuses the unit too, as APPLY_UNAVAILABLE (503).
 */
export const configRendered = defineHook<"veto", RenderedConfig>("veto", "config.rendered");

/** Configuration that is in force now. */
export interface AppliedConfig {
  readonly slot: string;
  /** The plugin whose configuration tree it is. */
  readonly plugin: string;
  /** Keys of the units something changed for, at most 200; `unitCount` says how many there are. */
  readonly units: readonly string[];
  readonly unitCount: number;
  /** What was written or removed below the tree, at most 200; `fileCount` says how many there are. */
  readonly files: readonly { readonly path: string; readonly action: "write" | "remove" }[];
  readonly fileCount: number;
  /** Daemons that were started or reloaded for it, `nginx`, `fpm@8.2-0`. */
  readonly services: readonly string[];
}

/**
 * Configuration files are in place, and their daemons answer with them.
 *
 * @when Whenever the panel wrote or removed files of a backend: for a change, when it is taken back, when drift is mended, and
 *   when a backend is looked at before a switch. Not for what the panel finds in place when it starts after a crash.
 */
export const configApplied = defineHook<"notify", AppliedConfig>("notify", "config.applied");
