/**
 * Modules that are loaded. Nothing that runs programs, lists directories, includes server-side, or turns files into handlers:
 * what is not there cannot be reached from a `.htaccess`. `dir` is loaded before `headers`: see `guard` in htaccess.ts.
 */
const modules = [
  "mpm_event",
  "authn_core",
  "authn_file",
  "authz_core",
  "authz_host",
  "authz_user",
  "auth_basic",
  "access_compat",
  "alias",
  "dir",
  "env",
  "expires",
  "mime",
  "setenvif",
  "rewrite",
  "headers",
  "macro",
  "remoteip",
  "reqtimeout",
  "proxy",
  "proxy_fcgi",
  "proxy_http",
  "socache_shmcb",
  "ssl",
  "http2",
] as const;

const directory = "/usr/lib/apache2/modules";

export const moduleLines = modules.map((name) => `LoadModule ${name}_module ${directory}/mod_${name}.so`).join("\n");
