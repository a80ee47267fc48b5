import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ServicePort } from "@patchbay/sdk";

/** How an instance is run: flags, `PATCHBAY_*` variables and the config file, in this order of precedence. */
export interface InstanceConfig {
  /** Absolute instance directory. */
  readonly data: string;
  /** User panel; reseller +1, admin +2. */
  readonly port: number;
  /** Base of the service daemons' ports in the sandbox: http +80, https +443, … */
  readonly servicesPort: number;
  readonly host: "sandbox" | "system";
  /** Address all listeners bind to. */
  readonly bind: string;
  /** SQLite driver. */
  readonly dialect: "sqlite3" | "better-sqlite3";
  /** Requests a minute and address; 0 is no limit. */
  readonly rateStandard: number;
  readonly rateLogin: number;
}

interface Option {
  readonly flag: string;
  readonly key: keyof InstanceConfig;
  readonly help: string;
  readonly fallback: string;
  parse(text: string): string | number;
}

/** Every setting of an instance; the source of the flags, the variables, the config file's keys and the help. */
export const instanceOptions: readonly Option[] = [
  { flag: "data", key: "data", help: "instance directory", fallback: "./var", parse: (text) => resolve(text) },
  { flag: "port", key: "port", help: "user panel; reseller +1, admin +2", fallback: "8880", parse: portNumber(2) },
  {
    flag: "services-port",
    key: "servicesPort",
    help: "base of the sandbox daemons' ports",
    fallback: "20000",
    parse: portNumber(5432),
  },
  { flag: "host", key: "host", help: "sandbox or system", fallback: "sandbox", parse: oneOf("sandbox", "system") },
  { flag: "bind", key: "bind", help: "address to listen on", fallback: "127.0.0.1", parse: address },
  {
    flag: "dialect",
    key: "dialect",
    help: "sqlite3 or better-sqlite3",
    fallback: "sqlite3",
    parse: oneOf("sqlite3", "better-sqlite3"),
  },
  {
    flag: "rate-standard",
    key: "rateStandard",
    help: "requests a minute and address, 0 for no limit",
    fallback: "120",
    parse: count,
  },
  {
    flag: "rate-login",
    key: "rateLogin",
    help: "login requests a minute and address, 0 for no limit",
    fallback: "10",
    parse: count,
  },
];

/** A flag, variable or file entry that cannot be used. Its message is for the person at the terminal. */
export class ConfigError extends Error {}

/** Words of a command line: its flags with their values, and the others. */
export interface CommandLine {
  readonly flags: ReadonlyMap<string, string>;
  readonly words: readonly string[];
}

/**
 * Splits `--name value` and `--name=value` from words. `switches` are flags without a value: theirs is empty. Throws
 * ConfigError for a flag that is not `known` and no switch.
 */
export function readFlags(
  argv: readonly string[],
  known: readonly string[],
  switches: readonly string[] = [],
): CommandLine {
  const flags = new Map<string, string>();
  const words: string[] = [];
  const left = [...argv];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (!word.startsWith("--")) {
      words.push(word);
      continue;
    }
    const [name = "", inline] = word.slice(2).split(/=(.*)/s, 2);
    const isSwitch = switches.includes(name);
    if (!isSwitch && !known.includes(name)) throw new ConfigError(`unknown flag --${name}`);
    const value = isSwitch ? "" : (inline ?? left.shift());
    if (value === undefined) throw new ConfigError(`--${name} needs a value`);
    flags.set(name, value);
  }
  return { flags, words };
}

/** The instance these flags and variables describe. */
export function instanceConfig(flags: ReadonlyMap<string, string>, env: NodeJS.ProcessEnv): InstanceConfig {
  const data = resolve(flags.get("data") ?? env["PATCHBAY_DATA"] ?? "./var");
  const file = flags.get("config") ?? env["PATCHBAY_CONFIG"] ?? join(data, "config.json");
  const stored = readConfigFile(file, flags.has("config") || env["PATCHBAY_CONFIG"] !== undefined);
  const config: Record<string, string | number> = {};
  for (const option of instanceOptions) {
    const name = `PATCHBAY_${option.flag.toUpperCase().replaceAll("-", "_")}`;
    const text = flags.get(option.flag) ?? env[name] ?? stored[option.flag] ?? option.fallback;
    try {
      config[option.key] = option.key === "data" ? data : option.parse(text);
    } catch (error) {
      throw new ConfigError(`--${option.flag} ${(error as Error).message}`);
    }
  }
  return config as unknown as InstanceConfig;
}

function readConfigFile(file: string, mustExist: boolean): Readonly<Record<string, string>> {
  if (!existsSync(file)) {
    if (mustExist) throw new ConfigError(`there is no config file ${file}`);
    return {};
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw new ConfigError(`${file} is not JSON`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw new ConfigError(`${file} holds no object`);
  const known = instanceOptions.map((option) => option.flag);
  const values: Record<string, string> = {};
  for (const [key, value] of Object.entries(parsed)) {
    if (!known.includes(key)) throw new ConfigError(`${file} has the unknown key ${key}`);
    values[key] = String(value);
  }
  return values;
}

function portNumber(highestOffset: number) {
  return (text: string): number => {
    const port = Number(text);
    if (/^\d{1,5}$/.test(text) && port >= 1024 && port + highestOffset <= 65535) return port;
    throw new ConfigError(`must be a port from 1024 to ${65535 - highestOffset}`);
  };
}

function oneOf(...values: string[]) {
  return (text: string): string => {
    if (values.includes(text)) return text;
    throw new ConfigError(`must be ${values.join(" or ")}`);
  };
}

function address(text: string): string {
  if (/^[0-9.]{7,15}$|^[0-9a-f:]{2,39}$/i.test(text)) return text;
  throw new ConfigError("must be an IP address");
}

function count(text: string): number {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new ConfigError("must be a whole number");
}

const wellKnown: Readonly<Record<ServicePort, number>> = {
  http: 80,
  https: 443,
  dns: 53,
  "dns-control": 953,
  smtp: 25,
  submission: 587,
  imap: 143,
  imaps: 993,
  ftp: 21,
  mysql: 3306,
  postgresql: 5432,
};

/** Ports of the service daemons: the well-known ones on a real server, moved up by the base in the sandbox. */
export function servicePorts(config: Pick<InstanceConfig, "host" | "servicesPort">): Record<ServicePort, number> {
  const base = config.host === "system" ? 0 : config.servicesPort;
  const ports = Object.entries(wellKnown).map(([name, port]) => [name, base + port]);
  return Object.fromEntries(ports) as Record<ServicePort, number>;
}
