import type { IncomingMessage } from "node:http";
import type { Operation, Principal } from "@patchbay/sdk";
import type { Answer, Call } from "../operations/call.ts";

/** The result of counting one request against its rate class. */
export interface RateState {
  readonly limit: number;
  readonly remaining: number;
  readonly resetSeconds: number;
  readonly allowed: boolean;
}

/** What the listeners need of the kernel. */
export interface Doors {
  /** Throws 401; with `optional` a caller whose credentials are not valid is anonymous. Synchronous when they are known. */
  authenticate(
    credentials: {
      cookieHeader?: string | undefined;
      authorization?: string | undefined;
      ip: string;
      userAgent: string;
    },
    options?: { readonly optional?: boolean },
  ): Principal | Promise<Principal>;
  rate(rateClass: Operation["rate"], ip: string): RateState | undefined;
  /** Throws 403 or 415 for a request that a foreign page could have made a browser send. */
  checkOrigin(req: IncomingMessage, principal: Principal): void;
  run(call: Call): Promise<Answer>;
  /** Counts a request that has begun; returns what is to be called at its end. */
  begin(): () => void;
  log(error: unknown, requestId: string): void;
}
