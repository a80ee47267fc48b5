import { type Provider, ProviderError } from "@patchbay/sdk";
import { expect, it } from "vitest";
import { watchProvider } from "./watch-provider.ts";

class Toy {
  readonly kind = "execute";
  readonly #secret = "x";
  readonly thrown: Error;
  constructor(thrown: Error) {
    this.thrown = thrown;
  }
  audit(): readonly never[] {
    if (this.#secret !== "x") throw new Error("another object");
    return [];
  }
  base(): never {
    throw this.thrown;
  }
  async execute(_changes: unknown, signal: AbortSignal): Promise<never> {
    signal.throwIfAborted();
    throw this.thrown;
  }
}

const watch = (thrown: Error) => {
  const told: unknown[] = [];
  const provider = watchProvider(new Toy(thrown) as unknown as Provider, (error) => told.push(error));
  return { told, provider: provider as unknown as Toy };
};

it("tells of what is thrown at once or later, and passes it on", async () => {
  const error = new TypeError("x");
  const { provider, told } = watch(error);
  expect([provider.kind, provider.audit(), "relay" in provider]).toEqual(["execute", [], false]);
  expect(() => provider.base()).toThrow(error);
  await expect(provider.execute([], new AbortController().signal)).rejects.toBe(error);
  expect(told).toEqual([error, error]);
});

it("does not tell of a ProviderError, nor of what was stopped", async () => {
  const { provider, told } = watch(new ProviderError("unavailable", "later"));
  expect(() => provider.base()).toThrow("later");
  await expect(provider.execute([], AbortSignal.abort(new Error("stop")))).rejects.toThrow("stop");
  expect(told).toEqual([]);
});
