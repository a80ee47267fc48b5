import { answerPage, siteProbePath } from "@patchbay/kernel/contracts/web";
import type { SidePorts } from "@patchbay/sdk";
import { pageType } from "./pages.ts";

/** Where the number of the last apply is answered, to callers on this host alone. */
export const generationPath = "/.well-known/patchbay/generation";

/**
 * Asked before lighttpd looks for a file. A status ends the request; without one lighttpd goes on. It knows by the environment,
 * which configuration sets: `PB_STATE` of the site (none: nobody's), `PB_ANSWER` to the panel's probe, `PB_CODE` and `PB_TARGET` of
 * a redirect, `PB_POLICY` for browsers, `PB_NEAR` of callers on this host.
 */
export function requestScript({ http, https }: SidePorts, side: SidePorts): string {
  return `local r = lighty.r
local env, asked = r.req_env, r.req_attr
local path, state = asked["uri.path"], env["PB_STATE"]

-- At the side ports another server asks, by the protocol it was asked by itself. No header says which.
if asked["request.server-port"] == "${side.http}" then
  asked["uri.scheme"] = "http"
  env["SERVER_PORT"] = "${http}"
elseif asked["request.server-port"] == "${side.https}" then
  asked["uri.scheme"] = "https"
  env["SERVER_PORT"] = "${https}"
end

-- lighttpd sends a page of its own accord only where something failed.
local pages = { [301] = [[${answerPage(301)}]], [302] = [[${answerPage(302)}]] }

local function sent(status, target)
  r.resp_header["Location"] = target
  r.resp_header["Content-Type"] = "${pageType}"
  r.resp_body.set({ pages[status] })
  return status
end

if env["PB_NEAR"] and path == (state and "${siteProbePath}" or "${generationPath}") then
  r.resp_header["Content-Type"] = "text/plain"
  r.resp_body.set({ env["PB_ANSWER"] })
  return 200
end

if state == "suspended" then
  return 503
elseif state == "redirect" then
  return sent(tonumber(env["PB_CODE"]), env["PB_TARGET"])
elseif state == "forced" and asked["uri.scheme"] ~= "https" and not path:find("^/%.well%-known/acme%-challenge/") then
  local host = asked["uri.authority"]:gsub(":%d*$", "")
  return sent(301, "https://" .. host .. "${https === 443 ? "" : `:${https}`}" .. asked["request.uri"])
elseif not state then
  return 404
end

for name in path:gmatch("/%.([^/]*)") do
  if name ~= "well-known" then return 404 end
end
`;
}

/**
 * Asked when an answer begins. Tells browsers to stay with HTTPS, and writes what failed to the error log: `<site> <status>
 * <caller> <method> <address>`.
 */
export const answerScript = `local r = lighty.r
local env, asked = r.req_env, r.req_attr
local status, site = r.req_item.http_status, env["PB_SITE"]

if env["PB_POLICY"] and asked["uri.scheme"] == "https" then
  r.resp_header["Strict-Transport-Security"] = env["PB_POLICY"]
end
if site and status >= 400 then
  print(table.concat({ site, status, asked["request.remote-addr"], asked["request.method"], asked["request.orig-uri"] }, " "))
end
`;
