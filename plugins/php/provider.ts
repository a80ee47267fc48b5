import { createHash } from "node:crypto";
import { type HostInfo, type Issue, ProviderError, type Rendered, type RenderingProvider } from "@patchbay/sdk";
import type { PhpPoolUnit } from "./contract.ts";
import { type IniSection, renderIni } from "./ini.ts";
import { socketPath } from "./socket.ts";

const pingPath = "/patchbay-ping";
/** A path that means the same everywhere: php-fpm expands `$pool`, open_basedir splits at `:`, save_path at `;`. */
const plainPath = /^(?:\/[A-Za-z0-9._-]+)+$/;

/** php-fpm for the slot `php`: several processes per version, each with a few pools, so that one reload concerns few. */
export function createFpmProvider(info: HostInfo): RenderingProvider<PhpPoolUnit> {
  return {
    kind: "render",
    audit: auditPool,
    base: () => ({ files: [{ path: "php-fpm.conf", content: processFile(info) }] }),
    render: (_key, unit) => renderPool(info, unit),
  };
}

function renderPool(info: HostInfo, unit: PhpPoolUnit): Rendered {
  const [first] = auditPool(unit);
  if (first) throw new ProviderError("unsupported", `${first.field}: ${first.message}`);
  const section = poolSection(info, unit);
  const hash = createHash("sha256")
    .update(renderIni([section]))
    .digest("hex")
    .slice(0, 32);
  const pool = { ...section, entries: [...section.entries, ["ping.response", hash] as const] };
  return {
    files: [{ path: `${unit.version}/${unit.shard}/pool.d/${unit.username}.conf`, content: renderIni([pool]) }],
    services: [{ service: "php-fpm", instance: `${unit.version}-${unit.shard}` }],
    probes: [{ kind: "fastcgi", socket: socketPath(unit.username, unit.version), path: pingPath, body: hash }],
  };
}

/** One file for all processes: what is relative in it belongs to the process's own directory, its prefix (-p). */
function processFile(info: HostInfo): string {
  return renderIni([
    {
      name: "global",
      entries: [
        ["error_log", `${info.paths.log}/php/php-fpm.log`],
        // Without it a reload kills the requests in flight.
        ["process_control_timeout", "20s"],
        ["include", "pool.d/*.conf"],
      ],
    },
  ]);
}

function poolSection(info: HostInfo, unit: PhpPoolUnit): IniSection {
  const { home, limits, uid, username, version } = unit;
  const ids = String(uid);
  const identity: [string, string][] = [
    // Numbers, because accounts of a sandbox are not in the host's user database.
    ["user", ids],
    ["group", ids],
    ["listen.owner", String(info.web.uid)],
    ["listen.group", String(info.web.gid)],
  ];
  return {
    name: username,
    entries: [
      ...(info.multiUser ? identity : []),
      ["listen", `${info.paths.run}/${socketPath(username, version)}`],
      ["listen.mode", "0660"],
      ["pm", "ondemand"],
      ["pm.max_children", String(limits.children)],
      ["pm.process_idle_timeout", "10s"],
      ["pm.max_requests", "1000"],
      ["request_terminate_timeout", "300s"],
      ["clear_env", "yes"],
      // Not in the panel's tree, where php-fpm is started: a script that ended leaves its shutdown functions there.
      ["chdir", "/"],
      ["security.limit_extensions", ".php"],
      ["ping.path", pingPath],
      ["php_admin_value[open_basedir]", `${home}/`],
      ["php_admin_value[upload_tmp_dir]", `${home}/tmp`],
      ["php_admin_value[sys_temp_dir]", `${home}/tmp`],
      ["php_admin_value[session.save_path]", `${home}/tmp`],
      ["php_admin_value[memory_limit]", `${limits.memoryMb}M`],
      // Written by the account itself, where it can read it.
      ["php_admin_value[error_log]", `${home}/logs/php-error.log`],
      ["php_admin_flag[log_errors]", "on"],
      ["php_flag[display_errors]", "off"],
      ["php_admin_flag[expose_php]", "off"],
      ["php_value[upload_max_filesize]", "64M"],
      ["php_value[post_max_size]", "64M"],
    ],
  };
}

function auditPool(unit: PhpPoolUnit): Issue[] {
  const issues: Issue[] = [];
  const refuse = (field: string, message: string) => issues.push({ field, message });
  if (!/^[a-z][a-z0-9]{1,15}$/.test(unit.username)) refuse("username", "Not the name of an account.");
  if (!Number.isSafeInteger(unit.uid) || unit.uid < 1) refuse("uid", "PHP never runs as the superuser.");
  if (!/^[0-9]\.[0-9]$/.test(unit.version)) refuse("version", "Not a PHP version.");
  if (!Number.isSafeInteger(unit.shard) || unit.shard < 0 || unit.shard > 9999) refuse("shard", "Out of range.");
  if (!plainPath.test(unit.home)) refuse("home", "The home directory holds characters that PHP gives a meaning.");
  if (!Number.isSafeInteger(unit.limits.children) || unit.limits.children < 1)
    refuse("limits", "At least one process.");
  if (!Number.isSafeInteger(unit.limits.memoryMb) || unit.limits.memoryMb < 8) refuse("limits", "At least 8 MB.");
  return issues;
}
