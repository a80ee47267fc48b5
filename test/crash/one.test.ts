import { test } from "vitest";
import { crashEverywhere } from "./every-point.ts";

test(
  "a change is whole or gone after the process that reaches a step is killed there",
  () => crashEverywhere("one", "all"),
  900_000,
);
