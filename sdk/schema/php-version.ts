import { broken, canonicalString } from "./rule.ts";

const shape = /^\d\.\d$/;

/** A PHP version, `8.2`. Only its shape: whether it is installed is the business of who uses it. */
export const phpVersion = canonicalString(
  { pattern: shape.source, description: "PHP version", examples: ["8.2"] },
  (text) => (shape.test(text) ? text : broken("format", "must be a version such as 8.2")),
);
