/** A string somebody sends in the hope that something takes it for more than a string. */
export interface HostileText {
  readonly id: string;
  readonly input: string;
  /** What one line of text for people (`text` of the SDK) makes of it: kept as it is, or refused. */
  readonly asText: "keep" | "refuse";
}

const keep: readonly string[] = [
  "<script>alert(document.domain)</script>",
  '"><img src=x onerror=alert(1)>',
  "' OR '1'='1' --",
  "1; DROP TABLE users; --",
  "%' ESCAPE '\\",
  "$(touch /tmp/patchbay-canary)",
  "`touch /tmp/patchbay-canary`",
  "; touch /tmp/patchbay-canary #",
  "| touch /tmp/patchbay-canary",
  "--config=/etc/passwd",
  "-rf",
  "../../../../etc/passwd",
  "/etc/shadow",
  "${HOME} $HOME %(home)s {{7*7}}",
  "a\\",
  '"; } server { listen 80 default_server; } #',
  "'; include /etc/passwd; '",
  "http://169.254.169.254/latest/meta-data/",
  "__proto__",
  "constructor",
  "toString",
  "null",
  "undefined",
  "%00%0a%0d",
  "%s%n%x%d",
  "=cmd|' /C calc'!A0",
  "Ω≈ç√ 日本語 🔑",
];

const refuse: readonly string[] = [
  "line\nfeed",
  "carriage\rreturn",
  "zero\u0000byte",
  "escape\u001b[2J",
  "delete\u007f",
  "next\u0085line",
  "separator\u2028",
  "paragraph\u2029",
  "turned\u202etxt.exe",
  "isolated\u2066text",
  "half\ud800pair",
  " leading",
  "trailing ",
  `far${"-too-long".repeat(2000)}`,
];

/** Strings for fields that no class of the corpus fits. */
export const hostileTexts: readonly HostileText[] = [
  ...keep.map((input, at) => ({ id: `keep-${at}`, input, asText: "keep" as const })),
  ...refuse.map((input, at) => ({ id: `refuse-${at}`, input, asText: "refuse" as const })),
];

/** Configuration text that reaches beyond the site it is for. */
export const hostileIncludes: readonly string[] = [
  "} server { listen 80; server_name victim.test; return 200 pwn; } server { listen 18082;",
  "add_header X y; } location /x { return 200 z;",
  "}",
  "{",
  'add_header X "open',
  "add_header X y",
  "location /d { proxy_pass http://unix:/var/run/docker.sock:/; }",
  "fastcgi_pass UNIX:/tmp/other.sock;",
  "include /etc/passwd;",
  "load_module /tmp/x.so;",
  "server_name victim.test;",
  "listen 127.0.0.1:1;",
  "access_log /tmp/patchbay-canary;",
  "error_log /tmp/patchbay-canary;",
  "location / { if ($a) { access_log /tmp/patchbay-canary; } }",
  "disable_symlinks off;",
  "ssl_certificate /etc/ssl/private/x;",
  "client_body_temp_path /tmp/patchbay-canary;",
  "set $pb_root /;",
  "set $pb_socket other.sock;",
  'location ~ "(?<pb_root>.*)" { return 200; }',
  "perl_set $x 'sub { 1 }';",
  "content_by_lua_block { os.execute('id') }",
  "server { listen 1; }",
  "http { }",
  "no_such_directive on;",
  "add_header X y;\u0000",
  "add_header X \u001b;",
];
