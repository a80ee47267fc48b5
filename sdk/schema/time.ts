import { broken, canonicalString } from "./rule.ts";

const dateShape = /^(\d{4})-(\d{2})-(\d{2})$/;
const timeShape = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{3})?Z$/;

/** Milliseconds since 1970 as answers show them: UTC, to the second, `2026-06-08T10:00:00Z`. */
export function toIso(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** A day that exists, `2026-06-08`. */
export const isoDate = canonicalString({ format: "date", description: "Date", examples: ["2026-06-08"] }, (text) => {
  if (!dateShape.test(text)) return broken("format", "must be a date such as 2026-06-08");
  const ms = Date.parse(`${text}T00:00:00Z`);
  // The parser moves the 30th of February to March.
  const exists = !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
  return exists ? text : broken("range", "must be a day that exists");
});

/** A point in time of an answer, as `toIso` makes it. */
export const timestamp = canonicalString({ format: "date-time", description: "Time in UTC" }, (text) =>
  timeShape.test(text) && !Number.isNaN(Date.parse(text)) ? text : broken("format", "must be a time in UTC"),
);
