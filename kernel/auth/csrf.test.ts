import { describe, expect, it } from "vitest";
import { checkCsrf, type RequestOrigin } from "./csrf.ts";

const own = new Set(["https://panel.test:8882"]);
const plain: RequestOrigin = {
  method: "POST",
  via: "session",
  contentType: "application/json",
  origin: undefined,
  secFetchSite: undefined,
  host: "10.0.0.5:8882",
};
const check = (patch: Partial<RequestOrigin>) => () => checkCsrf({ ...plain, ...patch }, own);
const status = (code: number) => expect.objectContaining({ status: code });

describe("checkCsrf", () => {
  it("lets the panel's own pages and callers that are no browser write", () => {
    expect(check({})).not.toThrow();
    expect(check({ contentType: "Application/JSON; charset=utf-8" })).not.toThrow();
    expect(check({ origin: "https://panel.test:8882", secFetchSite: "same-origin" })).not.toThrow();
    expect(check({ origin: "https://10.0.0.5:8882" })).not.toThrow();
    expect(check({ origin: "HTTPS://Panel.test:8882" })).not.toThrow();
  });

  it("wants JSON", () => {
    const types = [undefined, "", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "text/json"];
    for (const contentType of types) expect(check({ contentType })).toThrow(status(415));
    for (const method of ["PUT", "PATCH", "DELETE"])
      expect(check({ method, contentType: undefined })).toThrow(status(415));
  });

  it("refuses other origins", () => {
    const origins = [
      "null",
      "",
      "https://panel.test",
      "http://panel.test:8882",
      "https://panel.test:8882.evil.test",
      "https://evilpanel.test:8882",
      "https://panel.test:8880",
      "https://10.0.0.5",
      "http://10.0.0.5:8882",
    ];
    for (const origin of origins) expect(check({ origin })).toThrow(status(403));
    expect(check({ origin: "https://", host: "" })).toThrow(status(403));
    expect(check({ origin: "https://undefined", host: undefined })).toThrow(status(403));
  });

  it("refuses what a browser says comes from elsewhere, whatever the origin says", () => {
    for (const secFetchSite of ["cross-site", "same-site", "none", "", "SAME-ORIGIN"]) {
      expect(check({ secFetchSite, origin: "https://panel.test:8882" })).toThrow(status(403));
    }
  });

  it("is about cookies and changes", () => {
    const foreign = { origin: "https://evil.test", contentType: "text/plain" };
    expect(check({ ...foreign, method: "GET" })).not.toThrow();
    expect(check({ ...foreign, method: "HEAD" })).not.toThrow();
    expect(check({ ...foreign, via: "token" })).not.toThrow();
    expect(check({ ...foreign, via: "none" })).not.toThrow();
  });
});
