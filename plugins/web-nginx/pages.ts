import type { HostInfo, RenderedFile } from "@patchbay/sdk";
import { answerPage, answerStatuses, suspendedPage } from "@patchbay/web/contract";
import { placesOf } from "./places.ts";
import { policyLine } from "./policy.ts";

/** Where the pages are asked for inside nginx. */
export const pagesPath = "/.patchbay/pages/";
export const suspendedPath = `${pagesPath}suspended.html`;

/** The bodies of the answers nginx gives itself. */
export function pageFiles(): RenderedFile[] {
  return [
    ...answerStatuses.map((status) => ({ path: `pages/${status}.html`, content: answerPage(status) })),
    { path: "pages/suspended.html", content: suspendedPage },
  ];
}

/** nginx keeps the status and the headers of the answer, and asks for the page with GET, whatever it was asked with. */
export const pagesFile = `${answerStatuses.map((status) => `error_page ${status} ${pagesPath}${status}.html;`).join("\n")}\n`;

/**
 * What a site's text says of bodies, types and callers at the level of the server must not keep the page away. Headers of that
 * level are sent with it.
 */
export function pageLocations(info: HostInfo): string {
  return `location ^~ ${pagesPath} {
  internal;
  # Not the site's own: a script may ask for this address, and links are not checked here.
  alias ${placesOf(info).tree}/pages/;
  disable_symlinks off;
  client_max_body_size 0;
  types { }
  # Not by \`charset\`, which leaves redirects out.
  default_type "text/html; charset=utf-8";
  charset off;
  etag off;
  allow all;
  auth_basic off;
  auth_request off;

  location = ${suspendedPath} {
    ${policyLine}
    add_header Retry-After 3600 always;
    add_header Cache-Control no-store always;
  }
}
`;
}
