/** The valibot the contract is written with, so that a plugin's schemas and the SDK's are of one version. */
export * from "valibot";
