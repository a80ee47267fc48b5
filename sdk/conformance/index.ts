export * from "./certificate-samples.ts";
export * from "./dns.ts";
export * from "./dns-subject.ts";
export * from "./panel.ts";
export * from "./php.ts";
export * from "./web.ts";
export * from "./web-subject.ts";
