/**
 * Status of an answer whose body the web server writes itself. What a script answers is its own, whatever the status.
 */
export const answerStatuses = [301, 302, 403, 404, 405, 413, 421, 500, 502, 503, 504] as const;

export type AnswerStatus = (typeof answerStatuses)[number];

const words: Readonly<Record<AnswerStatus, readonly [title: string, sentence: string]>> = {
  301: ["Moved permanently", "This page has a new address."],
  302: ["Moved for now", "This page is at another address for the time being."],
  403: ["Forbidden", "This page may not be seen."],
  404: ["Not found", "There is no page at this address."],
  405: ["Method not allowed", "This page cannot be asked for in this way."],
  413: ["Too large", "What was sent is larger than may be sent here."],
  421: ["Misdirected request", "This page is not served on this connection."],
  500: ["Internal error", "Something went wrong while the page was made."],
  502: ["Bad gateway", "The program that makes this page did not answer as it should."],
  503: ["Not available", "This page is not available at the moment."],
  504: ["No answer in time", "The program that makes this page took too long to answer."],
};

/**
 * The HTML of such an answer, to be sent as `text/html; charset=utf-8`. The same for every backend and every site, so that a
 * visitor cannot tell who serves it. One line of ASCII without `$`, `%` and backslashes, so that every format can hold it.
 */
export function answerPage(status: AnswerStatus): string {
  return page(...words[status]);
}

/** The HTML of every answer of a suspended site, sent with 503. As `answerPage` otherwise. */
export const suspendedPage = page("This site is suspended", "Please contact the provider of this site.");

function page(title: string, sentence: string): string {
  const head = `<meta charset="utf-8"><title>${title}</title><meta name="robots" content="noindex">`;
  return `<!doctype html><html lang="en"><head>${head}</head><body><h1>${title}</h1><p>${sentence}</p></body></html>`;
}
