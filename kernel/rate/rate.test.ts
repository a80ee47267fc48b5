import { describe, expect, it } from "vitest";
import { addressKey } from "./address.ts";
import { RateLimiter } from "./limiter.ts";

function open(limits = { login: 10, standard: 120 }, maxClients?: number) {
  let now = 1_000_000;
  const limiter = new RateLimiter({ now: () => now }, limits, maxClients);
  return {
    limiter,
    advance: (ms: number) => {
      now += ms;
    },
  };
}

describe("RateLimiter", () => {
  it("allows the documented numbers a minute, then says how long to wait", () => {
    const { limiter, advance } = open();
    for (let left = 9; left >= 0; left -= 1) {
      expect(limiter.hit("login", "192.0.2.1")).toEqual({
        limit: 10,
        remaining: left,
        resetSeconds: 60,
        allowed: true,
      });
    }
    advance(20_500);
    const refused = { limit: 10, remaining: 0, resetSeconds: 40, allowed: false, retryAfter: 40 };
    expect(limiter.hit("login", "192.0.2.1")).toEqual(refused);
    advance(39_499);
    expect(limiter.hit("login", "192.0.2.1")).toMatchObject({ allowed: false, retryAfter: 1 });
    advance(1);
    expect(limiter.hit("login", "192.0.2.1")).toMatchObject({ allowed: true, remaining: 9, resetSeconds: 60 });
  });

  it("counts classes and clients apart", () => {
    const { limiter } = open({ login: 1, standard: 2 });
    limiter.hit("login", "192.0.2.1");
    expect(limiter.hit("login", "192.0.2.1")?.allowed).toBe(false);
    expect(limiter.hit("standard", "192.0.2.1")?.allowed).toBe(true);
    expect(limiter.hit("login", "192.0.2.2")?.allowed).toBe(true);
  });

  it("counts an IPv6 network as one client", () => {
    const { limiter } = open({ login: 1, standard: 1 });
    limiter.hit("login", "2001:db8:1:2::1");
    expect(limiter.hit("login", "2001:db8:1:2:ffff::9")?.allowed).toBe(false);
    expect(limiter.hit("login", "2001:db8:1:3::1")?.allowed).toBe(true);
    limiter.hit("login", "::ffff:192.0.2.7");
    expect(limiter.hit("login", "192.0.2.7")?.allowed).toBe(false);
  });

  it("can be switched off for a class", () => {
    const { limiter } = open({ login: 0, standard: 1 });
    for (let i = 0; i < 100; i += 1) expect(limiter.hit("login", "192.0.2.1")).toBeUndefined();
    expect(limiter.size).toBe(0);
  });

  it("keeps a bounded number of clients and forgets those whose window is over", () => {
    const { limiter, advance } = open(undefined, 100);
    for (let i = 0; i < 1000; i += 1) limiter.hit("standard", `10.0.${i >> 8}.${i & 255}`);
    expect(limiter.size).toBe(100);
    advance(60_000);
    limiter.hit("standard", "192.0.2.1");
    expect(limiter.size).toBe(1);
  });

  it("does not stretch a window when the clock is set back", () => {
    const { limiter, advance } = open({ login: 1, standard: 1 });
    limiter.hit("login", "192.0.2.1");
    advance(-3_600_000);
    expect(limiter.hit("login", "192.0.2.1")).toMatchObject({ allowed: true, resetSeconds: 60 });
  });
});

describe("addressKey", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:192.0.2.1", "192.0.2.1"],
    ["::1", "0:0:0:0::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:DB8:0:00ab:1:2:3:4", "2001:db8:0:ab::/64"],
    ["1:2:3:4:5:6:7::", "1:2:3:4::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"],
    ["", ""],
  ])("%s → %s", (ip, key) => expect(addressKey(ip)).toBe(key));
});
