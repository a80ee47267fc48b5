import {
  type Contributions,
  type LoginAttempt,
  loginBefore,
  loginFailed,
  loginSucceeded,
  type Principal,
  pluginSettingsSaved,
  type Tap,
  tokenCreated,
  Writes,
} from "@patchbay/sdk";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toyPlugin } from "./plugins/testing/plugins.ts";
import { ToyKernel } from "./testing/toy-kernel.ts";

const password = "correct horse battery";
const userAgent = "test";
const anonymous: Principal = {
  userId: null,
  username: "",
  role: "anonymous",
  via: "none",
  credentialId: null,
  scopes: null,
  accountId: null,
  suspended: false,
  impersonator: null,
  ip: "192.0.2.7",
  userAgent,
};

let toy: ToyKernel;
/** What the listener was told, in order. */
let told: { readonly id: string; readonly payload: unknown }[];
let blamed: string[];

/** Listens to everything, beside a plugin that fails whatever it is told. */
const listener = (to: Contributions) => {
  for (const hook of [loginSucceeded, loginFailed, tokenCreated, pluginSettingsSaved]) {
    to.tap<"notify", never>(hook as never, async (payload) => void told.push({ id: hook.id, payload }));
  }
  to.pluginSetting({ key: "token", title: "Token", schema: v.string(), default: "", secret: true });
};
const failing = (to: Contributions) => {
  to.tap(tokenCreated, async () => {
    throw new Error("I always fail");
  });
};

type Guard = Tap<"veto", LoginAttempt>;

async function boot(guard?: Guard): Promise<void> {
  const guards = guard ? [toyPlugin("guard", (to) => to.tap(loginBefore, guard))] : [];
  await toy.boot([toyPlugin("listener", listener), toyPlugin("failing", failing), ...guards]);
  await toy.kernel.start();
  const user = { username: "anna", email: "anna@example.com", role: "admin" } as const;
  await toy.foundation.storage.change(async ({ intents }) => {
    const passwordHash = await toy.kernel.auth.passwords.hash(password);
    await toy.kernel.auth.users.create(intents, { ...user, passwordHash });
  });
}

function login(given = password, dryRun = false) {
  const operation = toy.kernel.generation().operations.get("auth.login");
  if (!operation) throw new Error("no login");
  return toy.kernel.run({ operation, principal: anonymous, raw: { username: "anna", password: given }, dryRun });
}

const sessions = () => toy.foundation.storage.read.all("SELECT id FROM sessions");
/** Waits until the listener was told of something, and a little longer for what should not come. */
async function untilTold(id: string): Promise<void> {
  await expect.poll(() => told.map((one) => one.id), { timeout: 10_000 }).toContain(id);
  await new Promise((resolve) => setTimeout(resolve, 300));
}

beforeEach(() => {
  told = [];
  blamed = [];
  toy = new ToyKernel({ onLog: (message, fields) => blamed.push(`${message} ${JSON.stringify(fields)}`) });
});
afterEach(() => toy.destroy());

describe("login.before", () => {
  it("lets in whom it says nothing of, and tells of it once", async () => {
    await boot(async () => undefined);
    expect((await login()).session?.value).toBeTruthy();
    await untilTold("login.succeeded");
    const payload = { userId: 1, username: "anna", role: "admin", ip: "192.0.2.7", userAgent, secondFactor: "none" };
    expect(told).toEqual([{ id: "login.succeeded", payload }]);
  });

  it("refuses with its code and 403, and there is no session", async () => {
    await boot(async ({ ip }) => (ip === "192.0.2.7" ? { code: "OFFICE_ONLY", message: "Not from here." } : undefined));
    await expect(login()).rejects.toMatchObject({ code: "OFFICE_ONLY", status: 403, message: "Not from here." });
    expect(await sessions()).toEqual([]);
    // The audit log keeps who was refused, as of every login.
    const rows = await toy.foundation.storage.read.all<{ action: string }>("SELECT action FROM audit_log");
    expect(rows.filter(({ action }) => action === "auth.login")).toHaveLength(1);
  });

  it.each<[string, Guard]>([
    ["throws", () => Promise.reject(new Error("the directory is down"))],
    ["answers nonsense", async () => true as never],
  ])("fails closed when a tap %s", async (_what, guard) => {
    await boot(guard);
    await expect(login()).rejects.toMatchObject({ code: "HOOK_FAILED", status: 503 });
    expect(await sessions()).toEqual([]);
  });

  it("is never asked about a wrong password, and cannot let it pass", async () => {
    const asked: LoginAttempt[] = [];
    await boot(async (attempt) => void asked.push(attempt) as undefined);
    await expect(login("wrong")).rejects.toMatchObject({ code: "INVALID_CREDENTIALS", status: 401 });
    expect(asked).toEqual([]);
    await untilTold("login.failed");
    const payload = { userId: 1, username: "anna", ip: "192.0.2.7", userAgent, reason: "credentials" };
    expect(told).toEqual([{ id: "login.failed", payload }]);
  });
});

describe("notify hooks", () => {
  it("are not told of a dry run", async () => {
    await boot();
    await login(password, true);
    await login();
    await untilTold("login.succeeded");
    expect(told).toHaveLength(1);
  });

  it("reach one plugin although another fails, and the change stands", async () => {
    await boot();
    const made = await toy.call("tokens.create", { name: "ci" });
    await untilTold("tokens.created");
    expect(told).toEqual([
      { id: "tokens.created", payload: { tokenId: made["id"], userId: 1, name: "ci", scopes: null, by: "admin" } },
    ]);
    expect(await toy.foundation.storage.read.all("SELECT name FROM api_tokens")).toEqual([{ name: "ci" }]);
    const letters = await toy.foundation.storage.read.all<{ payload: string }>(
      "SELECT payload FROM jobs WHERE state = 'ready'",
    );
    expect(letters.map(({ payload }) => JSON.parse(payload).plugin)).toEqual(["failing"]);
    expect(JSON.stringify(letters)).not.toContain(String(made["token"]));
  });

  it("may be told by a schedule, in the transaction it writes with", async () => {
    await boot();
    const writes = toy.kernel.generation().servicesFor("plugins.list").use(Writes);
    const event = { plugin: "listener", keys: ["told"] };
    const failed = writes.write(async (_db, _intents, emit) => {
      await emit(pluginSettingsSaved, { ...event, keys: ["lost"] });
      throw new Error("not after all");
    });
    await expect(failed).rejects.toThrow("not after all");
    await writes.write((_db, _intents, emit) => emit(pluginSettingsSaved, event));
    await untilTold("plugins.settings-saved");
    expect(told).toEqual([{ id: "plugins.settings-saved", payload: event }]);
  });

  it("tell of saved settings by their keys alone", async () => {
    await boot();
    await toy.call("plugins.save-settings", { id: "listener", values: { token: "s3cret" } });
    await untilTold("plugins.settings-saved");
    expect(told).toEqual([{ id: "plugins.settings-saved", payload: { plugin: "listener", keys: ["token"] } }]);
    const jobs = await toy.foundation.storage.read.all("SELECT * FROM jobs");
    expect(JSON.stringify([jobs, blamed])).not.toContain("s3cret");
  });
});
