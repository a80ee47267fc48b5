import manifest from "./package.json" with { type: "json" };

/** Version of the contract plugins are written against. A manifest's `sdk` range is checked against it. */
export const SDK_VERSION: string = manifest.version;
