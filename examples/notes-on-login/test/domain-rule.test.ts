import { describe, expect, it } from "vitest";
import { refusalOf } from "../src/domain-rule.ts";

describe("the list of refused domains", () => {
  const list = "example.com, shop.test,";

  it.each(["example.com", "www.example.com", "shop.test"])("refuses %s", (domain) => {
    expect(refusalOf(domain, list)).toMatchObject({ code: "DOMAIN_ON_LIST" });
  });

  it.each(["badexample.com", "example.com.test", "test", "", "."])("lets %j pass", (domain) => {
    expect(refusalOf(domain, list)).toBeUndefined();
  });

  it("refuses nothing when it is empty", () => {
    expect(refusalOf("example.com", "")).toBeUndefined();
  });
});
