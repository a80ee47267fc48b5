import { request } from "node:https";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Client } from "../harness/client.ts";
import { TestInstance } from "../harness/instance.ts";

let instance: TestInstance;
let admin: Client;

beforeAll(async () => {
  instance = await TestInstance.start();
  admin = await instance.admin();
});
afterAll(() => instance.destroy());

/** Reads one stream to its end. */
function readEvents(id: string, cookie: string | undefined): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const path = `/api/operations/events?id=${id}`;
    const headers = cookie === undefined ? {} : { cookie };
    const options = { host: "127.0.0.1", port: instance.ports.panel, path, headers, rejectUnauthorized: false };
    const sent = request({ ...options, agent: false }, (res) => {
      const chunks: Buffer[] = [];
      res.on("data", (chunk: Buffer) => chunks.push(chunk));
      res.on("end", () => resolve({ status: res.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }));
    });
    sent.on("error", reject);
    sent.end();
  });
}

it("tells how a change goes on until it has ended", async () => {
  const account = {
    username: "events",
    domain: "events.test",
    email: "e@events.test",
    password: "a long enough password",
  };
  const { status, body } = await admin.post("accounts/create", account, { prefer: "respond-async" });
  expect(status).toBe(202);
  const { text } = await readEvents(body.data.operation_id, admin.cookie);
  const states = [...text.matchAll(/^data: (.+)$/gm)].map((line) => JSON.parse(line[1] ?? "").state);
  expect(states.at(-1)).toBe("done");
  expect(text).toContain("event: operation\n");
});

it("tells nobody else", async () => {
  const { body } = await admin.post(
    "domains/add",
    { account_id: 1, domain: "more.test", type: "addon" },
    { prefer: "respond-async" },
  );
  expect((await readEvents(body.data.operation_id, undefined)).status).toBe(401);
  const holder = instance.client();
  await holder.login("events", "a long enough password");
  expect((await readEvents(body.data.operation_id, holder.cookie)).status).toBe(404);
});
