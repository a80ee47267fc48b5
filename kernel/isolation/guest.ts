/**
 * Entry of the guest program: the process of one plugin. It already is the plugin's own user, in an empty environment. What
 * to do comes on standard input; everything else over the kernel's socket. It ends with that line.
 */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { pathToFileURL } from "node:url";
import type { Plugin } from "@patchbay/sdk";
import { guestAnswers } from "./guest-calls.ts";
import { collectContributions, createProviders, describeContributions } from "./guest-contributions.ts";
import { createGuestServices, type GuestServices } from "./guest-services.ts";
import { Line } from "./line.ts";
import type { Description, GuestOrder, Snapshot } from "./protocol.ts";

type Answers = ReturnType<typeof guestAnswers>;

async function load(
  line: Line,
  entry: string,
  snapshot: Snapshot,
): Promise<{ answers: Answers; services: GuestServices; description: Description }> {
  const module = (await import(pathToFileURL(entry).href)) as { default?: Plugin };
  const plugin = module.default;
  if (plugin?.$type !== "patchbay/plugin") throw new Error("there is no default export made with definePlugin()");
  const services = createGuestServices(line, snapshot);
  const found = collectContributions((to) => plugin.contribute(to), services.use);
  services.declare(found.pluginSettings);
  const providers = createProviders(found.providers, services.use);
  const description = describeContributions(found, providers);
  return { answers: guestAnswers({ line, found, providers, services }), services, description };
}

function serve({ entry, socket, token }: GuestOrder): void {
  const stream = connect(socket);
  let answers: Answers = {};
  let services: GuestServices | undefined;
  const line: Line = new Line(stream, {
    answer: async (name, input, call) => {
      if (name === "load") {
        const loaded = await load(line, entry, input as Snapshot);
        ({ answers, services } = loaded);
        return loaded.description;
      }
      const answer = Object.hasOwn(answers, name) ? answers[name] : undefined;
      if (!answer) throw new Error(`nobody answers ${name}`);
      return answer(input as never, call);
    },
    hear: (name, input) => {
      if (name === "settings") services?.settings(input as Record<string, string>);
    },
    // Without the kernel there is nothing to do.
    closed: () => process.exit(0),
  });
  line.tell("token", token);
}

process.umask(0o077);
serve(JSON.parse(readFileSync(0, "utf8")) as GuestOrder);
