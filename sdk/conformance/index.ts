export * from "./panel.ts";
export * from "./php.ts";
export * from "./web.ts";
export * from "./web-subject.ts";
