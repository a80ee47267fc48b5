import { test } from "vitest";
import { crashEverywhere } from "./every-point.ts";

test("a change is whole or gone after helper and kernel are killed at a step", () => crashEverywhere("both"), 900_000);
