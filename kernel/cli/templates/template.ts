/** What a template is told of the plugin it writes. */
export interface TemplateFacts {
  /** Id of the plugin, `web-example`. */
  readonly id: string;
  /** For people, `Web example`. */
  readonly title: string;
}

/** What `plugin create` can write. */
export interface Template {
  /** Keys of the manifest besides id, title and sdk. */
  manifest(facts: TemplateFacts): Readonly<Record<string, unknown>>;
  /** Path → text of the files that only this template has. */
  files(facts: TemplateFacts): Readonly<Record<string, string>>;
  /** What the README says besides what every README says. Markdown, ends with a line feed. */
  readme(facts: TemplateFacts): string;
}
