import { dirname, join } from "node:path";
import { renewCommandToken, welcomeFirstAdmin } from "./credentials.ts";
import { openFoundation } from "./foundation.ts";
import { connectHelper } from "./host/helper-client.ts";
import { createHost } from "./host/host.ts";
import { detectPhpVersions } from "./host/php-versions.ts";
import { reservedHosts } from "./host/system-facts.ts";
import { panelCertificate, serverCertificate } from "./http/certificate.ts";
import { type Instance, instanceFrom } from "./instance.ts";
import { createPluginProcesses } from "./isolation/processes.ts";
import { createKernel } from "./kernel.ts";
import { openPanel } from "./panel.ts";
import type { FoundPlugin } from "./plugins/manifest.ts";
import { packageEntry } from "./plugins/package-entry.ts";
import { bundledPlugins } from "./plugins/shelf.ts";
import { nextEpoch } from "./storage/key.ts";

/** Time the kernel has to end in an orderly way. Milliseconds. */
const patience = 3_500;

/** The kernel process: connects to the helper, opens the panel's ports, runs until it is told to stop. */
async function main(): Promise<void> {
  // Everything the kernel writes is its own: the database and what it keeps beside it too.
  process.umask(0o077);
  const instance = instanceFrom(process.env, import.meta.url.endsWith(".js"));
  let stopping = false;
  // Without its helper the kernel can keep no promise.
  const onClosed = () => (stopping ? undefined : process.exit(1));
  const tls = join(instance.panel, "tls");
  const [{ client, hello }, foundation, phpVersions, panel, server] = await Promise.all([
    connectHelper(3, { epoch: nextEpoch(instance.panel), onClosed }),
    openFoundation(instance),
    detectPhpVersions(),
    panelCertificate(tls, [instance.bind, ...reservedHosts], Date.now()),
    serverCertificate(tls, reservedHosts, Date.now()),
  ]);
  const { servicesPort, bind: address } = instance;
  const host = createHost({ hello, client, servicesPort, address, phpVersions });
  const crashAt = process.env["PATCHBAY_CRASH_AT"];
  const entryOf = entriesOf(instance);
  const kernel = await createKernel({
    instance,
    foundation,
    host,
    bundled: bundledPlugins(join(instance.root, "plugins"), entryOf),
    processes: (needs) =>
      createPluginProcesses({
        ...needs,
        helper: client,
        runDir: host.info.paths.run,
        logger: foundation.logger,
        entryOf,
      }),
    serverCertificate: server,
    crashAt,
  });
  await welcomeFirstAdmin(instance, kernel, foundation);
  const listeners = await openPanel(instance, kernel, foundation, panel);
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(0), patience).unref();
    await Promise.all(listeners.map((listener) => listener.close().catch(() => undefined)));
    await kernel.stop();
    process.exit(0);
  };
  process.on("SIGTERM", stop);
  // A terminal sends Ctrl-C to the whole group; the helper decides in which order things end.
  process.on("SIGINT", () => undefined);
  await renewCommandToken(instance, kernel, foundation);
  await kernel.start();
  await client.call("ready", {});
}

/** Where the code of a plugin is: of one that was installed, where its own package.json says. */
function entriesOf({ built, root }: Instance): (plugin: FoundPlugin) => string {
  const bundled = join(root, "plugins");
  return ({ dir, manifest }) => {
    if (dirname(dir) !== bundled) return packageEntry(dir);
    return built ? join(root, "dist", "plugins", manifest.id, "index.js") : join(dir, "index.ts");
  };
}

main().catch((error: unknown) => {
  process.stderr.write(`patchbay: the kernel cannot start: ${(error as Error).stack ?? String(error)}\n`);
  process.exit(1);
});
