import { answerPage, answerStatuses, suspendedPage } from "@patchbay/web/contract";
import { quote } from "./quote.ts";

/** What Apache calls the type of an answer it writes itself. */
const ownType = "text/html; charset=iso-8859-1";

/**
 * The bodies of the answers Apache gives itself. Their type is put right where it is Apache's own beyond doubt: a script and a
 * tenant's own page may have one that looks the same.
 */
export function pagesText(): string {
  const own = `%{CONTENT_TYPE} == '${ownType}' && %{REQUEST_STATUS} -ge 300`;
  const foreign = "%{HANDLER} -strmatch 'proxy*' || -n reqenv('REDIRECT_STATUS')";
  return `${answerStatuses.map((status) => pageLine(status, answerPage(status))).join("\n")}
Header always set Content-Type "text/html; charset=utf-8" "expr=${own} && !(${foreign})"
`;
}

export const suspendedLine = pageLine(503, suspendedPage);

function pageLine(status: number, page: string): string {
  return `ErrorDocument ${status} ${quote(page)}`;
}
