import { expect, it } from "vitest";
import { TestInstance } from "../harness/instance.ts";
import { must } from "../harness/must.ts";

// More units than a provider is told in one call: a zone is then cut in two, and its name servers come before their addresses.
it("a hundred domains that are added at once are all there, with their zones", async () => {
  const instance = await TestInstance.start();
  try {
    const admin = await instance.admin();
    const account = { username: "burst", domain: "burst.test", email: "b@burst.test", password: "long enough for it" };
    const { id } = await must(admin.post("accounts/create", account));
    const add = (at: number) =>
      admin.post("domains/add", { account_id: id, domain: `at-${at}.example.net`, type: "addon" });
    const answers = await Promise.all(Array.from({ length: 100 }, (_, at) => add(at)));
    expect(answers.filter(({ status }) => status !== 200).map(({ text }) => text)).toEqual([]);
    expect((await must(admin.get("reconcile/plan"))).plan).toEqual([]);
    admin.close();
  } finally {
    await instance.destroy();
  }
});
