import { answerPage, answerStatuses, suspendedPage } from "@patchbay/kernel/contracts/web";
import type { RenderedFile } from "@patchbay/sdk";

/** lighttpd puts the status and `.html` behind these, below the configuration tree. */
export const answerPrefix = "pages/patchbay-";
export const suspendedPrefix = "pages/patchbay-suspended-";

export const pageType = "text/html; charset=utf-8";

/** The bodies of the answers lighttpd gives itself. */
export function pageFiles(): RenderedFile[] {
  return [
    ...answerStatuses.map((status) => ({ path: `${answerPrefix}${status}.html`, content: answerPage(status) })),
    { path: `${suspendedPrefix}503.html`, content: suspendedPage },
  ];
}

/** Types of the pages by the name of their file, which counts before its ending. */
export function pageTypes(): Record<string, string> {
  return Object.fromEntries(pageFiles().map(({ path }) => [path.slice(path.lastIndexOf("/") + 1), pageType]));
}
