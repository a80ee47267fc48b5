/** What a new plugin is built, tested and linted with: the versions the panel itself is tested with. */
export const toolVersions = {
  "@types/node": "20.19.43",
  oxlint: "1.89.0",
  typescript: "7.0.2",
  vitest: "4.1.12",
} as const;
