// What this entry of @patchbay/sdk declares, without comments. Written by `npm run gen`; see ../CHANGES.md.
// valibot 1.5.0

// valibot.d.ts
export * from "valibot";
