import { test } from "vitest";
import { crashEverywhere } from "./every-point.ts";

// What the other process adds does not depend on how often a step was reached before.
test(
  "a change is whole or gone after helper and kernel are killed at a step",
  () => crashEverywhere("both", "first and last"),
  900_000,
);
