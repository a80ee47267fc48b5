import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AccountOfUser, ChangeContext, Operation, Principal, Role } from "@patchbay/sdk";
import * as v from "valibot";
import { authorize } from "../access/can.ts";
import { createIds } from "../storage/ids.ts";
import { createSealer } from "../storage/sealer.ts";
import { createStorage } from "../storage/storage.ts";
import { type Auth, createAuth } from "./auth.ts";
import { authMigrations } from "./migrations.ts";
import type { AuthHooks } from "./operation-deps.ts";
import { sessionCookie } from "./secrets.ts";

/** A clock that stands still until it is moved. */
export interface TestClock {
  now(): number;
  advance(ms: number): void;
}

/** What an operation answered, and the cookie it set. */
export interface TestAnswer {
  readonly data: Record<string, unknown>;
  readonly cookie: { value: string; maxAgeSeconds: number } | null | undefined;
}

/** The auth room on a real database, called the way the pipeline calls it. */
export interface TestAuth extends Auth {
  readonly storage: Awaited<ReturnType<typeof createStorage>>;
  readonly clock: TestClock;
  /** Hooks that were emitted and vetoed, since it was opened. */
  readonly hooked: { readonly id: string; readonly payload: unknown }[];
  /** Stands for the taps of `login.before`; null: nobody taps it. */
  setGuard(guard: ((payload: unknown) => Promise<void>) | null): void;
  setAccounts(source: AccountOfUser | undefined): void;
  addUser(username: string, role: Role, password?: string): Promise<number>;
  who(secret: string | undefined, options?: { ip?: string }): Promise<Principal>;
  call(id: string, input: unknown, by: Principal | string | undefined, ip?: string): Promise<TestAnswer>;
  login(username: string, extra?: Record<string, unknown>, ip?: string): Promise<string>;
  stop(): Promise<void>;
}

export const testPassword = "correct horse battery";

/** Starts one; `stop` leaves nothing behind. */
export async function openTestAuth(): Promise<TestAuth> {
  const dir = await mkdtemp(join(tmpdir(), "patchbay-auth-"));
  let now = 1_750_000_000_000;
  const clock: TestClock = {
    now: () => now,
    advance: (ms) => {
      now += ms;
    },
  };
  const ids = createIds(clock);
  const storage = await createStorage({ file: join(dir, "panel.db"), clock, ids });
  await storage.migrate("auth", authMigrations);
  let accounts: AccountOfUser | undefined = { tables: [], find: async () => undefined };
  const sealer = createSealer(Buffer.alloc(32, 7));
  const system = { portal: (role: Role) => `https://panel.test/${role}` };
  const hooked: TestAuth["hooked"] = [];
  let guard: Parameters<TestAuth["setGuard"]>[0] = null;
  const hooks: AuthHooks = {
    veto: async (hook, payload) => {
      hooked.push({ id: hook.id, payload });
      await guard?.(payload);
    },
    emit: async (_db, hook, payload) => void hooked.push({ id: hook.id, payload }),
  };
  const auth = createAuth({ storage, clock, ids, sealer, system, accountOfUser: () => accounts, hooks });
  const hashes = new Map<string, string>();

  const who: TestAuth["who"] = async (secret, { ip = "192.0.2.1" } = {}) => {
    const bearer = secret?.startsWith("pb_") === true;
    return auth.authenticator.authenticate({
      cookieHeader: secret === undefined || bearer ? undefined : `${sessionCookie}=${secret}`,
      authorization: bearer ? `Bearer ${secret}` : undefined,
      ip,
      userAgent: "test",
    });
  };

  const call: TestAuth["call"] = async (id, input, by, ip = "192.0.2.1") => {
    const operation = auth.operations.find((known) => known.id === id) as Operation;
    const principal = typeof by === "object" ? by : await who(by, { ip });
    authorize(operation, principal);
    const parsed = v.parse(operation.input, input);
    const context = { principal, read: storage.read, now: clock.now(), operationId: ids.uuid(), dryRun: false };
    const use = () => {
      throw new Error("no services");
    };
    if (operation.method === "GET") {
      const data = await operation.handle(parsed, { ...context, use, find: use });
      return { data: v.parse(operation.output, data) as TestAnswer["data"], cookie: undefined };
    }
    const prepared = await operation.prepare?.(parsed, { ...context, use, find: use });
    let cookie: TestAnswer["cookie"];
    const setSession: ChangeContext["setSession"] = (value) => {
      cookie = value;
    };
    const nothing = () => undefined;
    const emit: ChangeContext["emit"] = async (hook, payload) => void hooked.push({ id: hook.id, payload });
    const none = { note: nothing, emit, run: async () => undefined, start: nothing, setSession };
    const data = await storage.change((change) =>
      operation.handle(parsed, { ...context, use, find: use, ...none, ...pick(change) }, prepared),
    );
    return { data: v.parse(operation.output, data) as TestAnswer["data"], cookie };
  };

  return {
    ...auth,
    storage,
    clock,
    hooked,
    setGuard: (next) => {
      guard = next;
    },
    setAccounts: (source) => {
      accounts = source;
    },
    addUser: async (username, role, password = testPassword) => {
      const passwordHash = hashes.get(password) ?? (await auth.passwords.hash(password));
      hashes.set(password, passwordHash);
      const email = `${username}@example.test`;
      return storage.change(
        async (c) => (await auth.users.create(c.intents, { username, email, role, passwordHash })).id,
      );
    },
    who,
    call,
    login: async (username, extra = {}, ip = "192.0.2.1") => {
      const answer = await call("auth.login", { username, password: testPassword, ...extra }, undefined, ip);
      return answer.cookie?.value ?? "";
    },
    stop: async () => {
      await auth.close();
      await storage.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function pick(change: { db: ChangeContext["db"]; read: ChangeContext["read"]; intents: ChangeContext["intents"] }) {
  return { db: change.db, read: change.read, intents: change.intents };
}
