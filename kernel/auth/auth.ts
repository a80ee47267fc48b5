import type { AccountOfUser, Clock, Operation, SystemFacts } from "@patchbay/sdk";
import type { Ids, Sealer, Storage } from "../storage/types.ts";
import { Activity } from "./activity.ts";
import { type Authenticator, createAuthenticator } from "./authenticate.ts";
import { Lockout } from "./lockout.ts";
import type { AuthHooks } from "./operation-deps.ts";
import { authOperations } from "./operations.ts";
import { hashWorkerUrl, PasswordPool } from "./passwords.ts";
import { PrincipalCache } from "./principal-cache.ts";
import { SecondFactor } from "./second-factor.ts";
import { SessionStore } from "./sessions.ts";
import { TokenStore } from "./tokens.ts";
import { UserStore } from "./users.ts";

export interface AuthOptions {
  /** With the auth room's migrations applied. */
  readonly storage: Storage;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly sealer: Sealer;
  /** Of the current generation. */
  readonly accountOfUser: () => AccountOfUser | undefined;
  readonly system: Pick<SystemFacts, "portal">;
  readonly hooks: AuthHooks;
  /** Default: the file beside the source. */
  readonly hashWorker?: URL;
}

/** The auth room, wired. */
export interface Auth {
  readonly authenticator: Authenticator;
  readonly passwords: PasswordPool;
  readonly users: UserStore;
  readonly tokens: TokenStore;
  readonly operations: readonly Operation[];
  readonly activity: Activity;
  /** Writes what is left and ends the workers. Called before the storage closes. */
  close(): Promise<void>;
}

/** Wires the auth room. Has no effects until it is used. */
export function createAuth(options: AuthOptions): Auth {
  const { storage, clock, ids, sealer, accountOfUser, system, hooks } = options;
  const cache = new PrincipalCache((listener) => storage.onWrite(listener), accountOfUser);
  const activity = new Activity(storage, clock, () => cache.trust());
  const sessions = new SessionStore(ids, cache);
  const tokens = new TokenStore(ids, cache);
  const users = new UserStore(sessions, tokens, clock);
  const passwords = new PasswordPool(options.hashWorker ?? hashWorkerUrl);
  const secondFactor = new SecondFactor(sealer, ids);
  const lockout = new Lockout(storage, sealer, clock);
  return {
    authenticator: createAuthenticator({ storage, clock, sessions, tokens, cache, activity, accountOfUser }),
    passwords,
    users,
    tokens,
    activity,
    operations: authOperations({
      users,
      sessions,
      tokens,
      passwords,
      secondFactor,
      lockout,
      system,
      accountOfUser,
      hooks,
    }),
    close: async () => {
      await activity.close();
      await passwords.close();
    },
  };
}
