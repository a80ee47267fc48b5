/** What a bench saw of its providers. */
import type { Bench } from "./bench.ts";

/** Contents of the files of lines. */
export function lines(bench: Bench, plugin: string): readonly string[] {
  return [...bench.helper.disk(plugin)].filter(([path]) => path.startsWith("lines/")).map(([, text]) => text);
}

/** Every file that was staged, `<plugin>/<path>`. */
export function staged({ helper }: Bench): readonly string[] {
  return helper.calls
    .filter((call) => call.op === "apply.stage")
    .flatMap((call) => {
      const { plugin, files } = call.input as { plugin: string; files: { path: string }[] };
      return files.map(({ path }) => `${plugin}/${path}`);
    });
}

/** What was done to daemons, and every commit. */
export function activations({ helper }: Bench): readonly string[] {
  return helper.calls.flatMap(({ op, input }) => {
    if (op === "apply.commit") return ["commit"];
    if (op !== "apply.activate") return [];
    const { reload, stop } = input as { reload: { plugin: string }[]; stop: { plugin: string }[] };
    return [`reload ${reload.map((service) => service.plugin)} stop ${stop.map((service) => service.plugin)}`];
  });
}
