/** One section of an ini file. Keys may carry an index, `php_admin_value[open_basedir]`. */
export interface IniSection {
  readonly name: string;
  readonly entries: readonly (readonly [key: string, value: string])[];
}

const keyForm = /^[a-z][a-z0-9_.]*(?:\[[a-z][a-z0-9_.]*\])?$/;
const nameForm = /^[a-z0-9][a-z0-9.-]*$/;

/** True when PHP's ini reader can be made to read exactly this value. */
export function isIniValue(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  return !/[\u0000-\u001f\u007f\p{Surrogate}]/u.test(text);
}

/**
 * An ini file as php-fpm reads it. Values are quoted so that nothing in them is expanded. Throws RangeError for a name or
 * key that is none, and for control characters.
 */
export function renderIni(sections: readonly IniSection[]): string {
  return sections.map(renderSection).join("\n");
}

function renderSection({ name, entries }: IniSection): string {
  if (!nameForm.test(name)) throw new RangeError("not the name of an ini section");
  const lines = entries.map(([key, value]) => {
    if (!keyForm.test(key)) throw new RangeError("not an ini key");
    return `${key} = ${quoteIni(value)}\n`;
  });
  return `[${name}]\n${lines.join("")}`;
}

/**
 * Single quotes take everything literally but have no escape for themselves, and double quotes expand `${…}`; strings
 * that follow each other are joined. So: single quotes, and each apostrophe in double quotes.
 */
function quoteIni(value: string): string {
  if (!isIniValue(value)) throw new RangeError("text cannot be written to an ini file");
  const parts = value.split(/('+)/).filter((part) => part !== "");
  return parts.map((part) => (part.startsWith("'") ? `"${part}"` : `'${part}'`)).join("") || "''";
}
