import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesNaming } from "../harness/files.ts";
import { TestInstance } from "../harness/instance.ts";
import { createAccount, must } from "../harness/must.ts";

describe("a web server that cannot start", () => {
  it("takes the change back, and works once its port is free", async () => {
    const instance = await TestInstance.prepare();
    // It takes connections and never answers.
    const held = new Set<Socket>();
    const squatter = createServer((socket) => void held.add(socket)).listen(instance.ports.services + 80, "127.0.0.1");
    const leave = () => {
      squatter.close();
      for (const socket of held) socket.destroy();
    };
    try {
      await instance.up();
      const admin = await instance.admin();
      const account = { username: "early", domain: "early.test", email: "e@e.test", password: "long enough for it" };
      const refused = await admin.post("accounts/create", account);
      expect(refused).toMatchObject({ status: 503, body: { success: false, code: "APPLY_UNAVAILABLE" } });
      expect(refused.body.message).toMatch(/^Nothing was changed: Web server/);
      expect(refused.headers["retry-after"]).toBeDefined();
      expect((await must(admin.get("accounts/list"))).items).toEqual([]);
      expect(filesNaming(join(instance.data, "etc"), ["early"])).toEqual([]);
      leave();
      expect((await createAccount(admin, "early")).username).toBe("early");
      expect((await instance.site("early.test")).status).toBe(403);
    } finally {
      leave();
      await instance.destroy();
    }
  });
});
