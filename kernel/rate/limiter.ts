import type { Clock, Operation } from "@patchbay/sdk";
import { addressKey } from "./address.ts";

export type RateClass = Operation["rate"];

/** Requests a minute and client. 0 switches a class off. */
export type RateLimits = Readonly<Record<RateClass, number>>;

/** The limits the standard API documents. */
export const standardLimits: RateLimits = { login: 10, standard: 120 };

/** How a client stands after one request. */
export interface RateState {
  readonly limit: number;
  readonly remaining: number;
  /** Whole seconds until the window ends, at least 1. */
  readonly resetSeconds: number;
  readonly allowed: boolean;
  /** Whole seconds to wait; only when the request is refused. */
  readonly retryAfter?: number;
}

const windowMs = 60_000;

interface Window {
  startedAt: number;
  count: number;
}

/**
 * Counts requests in fixed windows of one minute that begin with a client's first request. In memory: a restart forgives.
 * At most `maxClients` windows a class are kept; beyond that the oldest is forgotten.
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #limits: RateLimits;
  readonly #maxClients: number;
  readonly #windows: Readonly<Record<RateClass, Map<string, Window>>> = { login: new Map(), standard: new Map() };

  constructor(clock: Clock, limits: RateLimits = standardLimits, maxClients = 50_000) {
    this.#clock = clock;
    this.#limits = limits;
    this.#maxClients = maxClients;
  }

  /** Counts one request of a client. Undefined when the class is switched off. Never throws. */
  hit(rateClass: RateClass, ip: string): RateState | undefined {
    const limit = this.#limits[rateClass];
    if (limit === 0) return undefined;
    const now = this.#clock.now();
    const window = this.#window(this.#windows[rateClass], addressKey(ip), now);
    window.count += 1;
    const resetSeconds = Math.max(1, Math.ceil((window.startedAt + windowMs - now) / 1000));
    const remaining = Math.max(0, limit - window.count);
    if (window.count <= limit) return { limit, remaining, resetSeconds, allowed: true };
    return { limit, remaining, resetSeconds, allowed: false, retryAfter: resetSeconds };
  }

  /** Windows kept at the moment. */
  get size(): number {
    return this.#windows.login.size + this.#windows.standard.size;
  }

  #window(windows: Map<string, Window>, key: string, now: number): Window {
    const known = windows.get(key);
    // A clock that was set back must not stretch a window.
    if (known && now - known.startedAt < windowMs && now >= known.startedAt) return known;
    if (known) windows.delete(key);
    this.#forget(windows, now);
    const fresh: Window = { startedAt: now, count: 0 };
    windows.set(key, fresh);
    return fresh;
  }

  /** A map keeps its order of insertion, which here is the order of the windows' beginnings. */
  #forget(windows: Map<string, Window>, now: number): void {
    for (const [key, window] of windows) {
      if (windows.size < this.#maxClients && now - window.startedAt < windowMs) return;
      windows.delete(key);
    }
  }
}
