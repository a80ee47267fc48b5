import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["source", "node", "import"] },
  ssr: { resolve: { conditions: ["source", "node", "import"], externalConditions: ["source", "node", "import"] } },
  test: {
    include: ["{sdk,kernel,plugins,test,bootstrap}/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
