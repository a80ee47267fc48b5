import { describe, expect, it } from "vitest";
import { isPanelError, PanelError, ProviderError } from "./errors.ts";
import { Undone } from "./task.ts";

/** Another copy of a module, as a plugin has it that brings its own SDK. */
const copyOf = (file: string) => import(/* @vite-ignore */ `./${file}?copy`);

describe("errors of another copy of the SDK", () => {
  it("are recognised", async () => {
    const errors = (await copyOf("errors.ts")) as typeof import("./errors.ts");
    const tasks = (await copyOf("task.ts")) as typeof import("./task.ts");
    expect(errors.ProviderError).not.toBe(ProviderError);
    expect(new errors.ProviderError("invalid", "no")).toBeInstanceOf(ProviderError);
    expect(new tasks.Undone("as before")).toBeInstanceOf(Undone);
    expect(isPanelError(new errors.PanelError("X", { status: 400, message: "no" }))).toBe(true);
  });

  it("are not mistaken for each other, nor anything else for them", () => {
    expect(new Error("no")).not.toBeInstanceOf(ProviderError);
    expect(new PanelError("X", { status: 400, message: "no" })).not.toBeInstanceOf(ProviderError);
    expect(new ProviderError("invalid", "no")).not.toBeInstanceOf(Undone);
    expect(isPanelError(new ProviderError("invalid", "no"))).toBe(false);
    expect([null, undefined, "no", {}].some((value) => (value as unknown) instanceof ProviderError)).toBe(false);
  });
});
