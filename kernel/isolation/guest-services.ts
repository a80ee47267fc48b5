import { AsyncLocalStorage } from "node:async_hooks";
import {
  Clock,
  HostInfo,
  Invoker,
  Logger,
  PluginSettings,
  type Principal,
  ServerCertificate,
  type Setting,
  StateFiles,
  Store,
  SystemFacts,
  type Token,
  Vault,
} from "@patchbay/sdk";
import * as v from "valibot";
import { createSealer } from "../storage/sealer.ts";
import type { Line } from "./line.ts";
import { needsKernel, type Snapshot } from "./protocol.ts";

/** The call that code of the plugin runs for. */
export interface CurrentCall {
  readonly id: number;
  readonly principal?: Principal;
}

/** The services a plugin finds in a process of its own. */
export interface GuestServices {
  use<T>(token: Token<T>): T;
  find<T>(token: Token<T>): T | undefined;
  /** Tells the services which call `work` belongs to. */
  during<T>(call: CurrentCall, work: () => Promise<T>): Promise<T>;
  /** The values of the plugin's settings have changed. */
  settings(values: Readonly<Record<string, string>>): void;
  /** The settings the plugin declares. */
  declare(settings: readonly Setting[]): void;
}

export function createGuestServices(line: Line, snapshot: Snapshot): GuestServices {
  const current = new AsyncLocalStorage<CurrentCall>();
  const settings = new GuestSettings();
  const services = new Map<symbol, unknown>();
  const put = <T>(token: Token<T>, service: T | null) => {
    if (service !== null) services.set(token.key, service);
  };
  put(Clock, { now: () => Date.now() });
  put(Logger, loggerOf(line));
  put(HostInfo, snapshot.host);
  put(SystemFacts, factsOf(snapshot));
  put(ServerCertificate, snapshot.certificate);
  put(PluginSettings, settings);
  put(Vault, vaultOf(snapshot));
  put(StateFiles, stateFilesOf(line));
  put(Store, storeOf(line));
  put(Invoker, invokerOf(line, current));
  const find = <T>(token: Token<T>) => services.get(token.key) as T | undefined;
  return {
    find,
    use: (token) => {
      const service = find(token);
      if (service === undefined) throw needsKernel(`the service ${token.id}`);
      return service;
    },
    during: (call, work) => current.run(call, work),
    settings: (values) => settings.set(values),
    declare: (declared) => settings.declare(declared),
  };
}

/** Values as the kernel keeps them, in the form the plugin's own schemas give them. */
class GuestSettings implements PluginSettings {
  #declared = new Map<string, Setting>();
  #values: Readonly<Record<string, string>> = {};

  declare(settings: readonly Setting[]): void {
    this.#declared = new Map(settings.map((setting) => [setting.key, setting]));
  }

  set(values: Readonly<Record<string, string>>): void {
    this.#values = values;
  }

  get(key: string): string {
    const setting = this.#declared.get(key);
    if (!setting) throw new Error(`the setting ${key} is not declared`);
    const parsed = v.safeParse(setting.schema, this.#values[key] ?? setting.default);
    return parsed.success ? parsed.output : setting.default;
  }
}

function stateFilesOf(line: Line): StateFiles {
  return {
    seed: async (path, content) => void (await line.call("state.seed", [path, content])),
    remove: async (paths) => void (await line.call("state.remove", [paths])),
  };
}

function storeOf(line: Line): Store {
  return {
    get: async (key) => (await line.call("store.get", [key])) as Awaited<ReturnType<Store["get"]>>,
    put: async (key, value) => void (await line.call("store.put", [key, value])),
    delete: async (key) => void (await line.call("store.delete", [key])),
    keys: async (prefix, after = "") => (await line.call("store.keys", [prefix, after])) as readonly string[],
  };
}

function loggerOf(line: Line): Logger {
  const at =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) =>
      line.tell("log", { level, message, fields: plain(fields) });
  return { info: at("info"), warn: at("warn"), error: at("error") };
}

/** An error is an empty object in JSON. */
function plain(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const entries = Object.entries(fields).map(([key, value]) => [key, value instanceof Error ? value.stack : value]);
  return Object.fromEntries(entries) as Readonly<Record<string, unknown>>;
}

function factsOf({ system }: Snapshot): SystemFacts | null {
  if (system === null) return null;
  const { portals, ...facts } = system;
  return { ...facts, portal: (role) => portals[role] };
}

function vaultOf({ vaultKey }: Snapshot): Vault | null {
  return vaultKey === null ? null : createSealer(Buffer.from(vaultKey, "base64"));
}

/** The kernel knows whose call it is: no principal goes over the line. */
function invokerOf(line: Line, current: AsyncLocalStorage<CurrentCall>): Invoker {
  return {
    invoke: (operation, input, principal) => {
      if (principal.role === "system" && principal.via === "system") return line.call("invoke", { operation, input });
      const call = current.getStore();
      const caller = call?.principal;
      const same = caller !== undefined && caller.userId === principal.userId && caller.username === principal.username;
      if (!call || !same)
        return Promise.reject(new Error("a plugin in a process of its own calls for its own caller or asPlugin"));
      return line.call("invoke", { operation, input, call: call.id });
    },
  };
}
