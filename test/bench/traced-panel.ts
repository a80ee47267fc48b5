import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renewCommandToken, welcomeFirstAdmin } from "../../kernel/credentials.ts";
import { openFoundation } from "../../kernel/foundation.ts";
import { instanceConfig, instanceOptions, readFlags } from "../../kernel/helper/config.ts";
import { runHelper } from "../../kernel/helper/main.ts";
import type { ManifestLike } from "../../kernel/helper/options.ts";
import { connectHelper } from "../../kernel/host/helper-client.ts";
import { createHost } from "../../kernel/host/host.ts";
import { detectPhpVersions } from "../../kernel/host/php-versions.ts";
import { panelCertificate, serverCertificate } from "../../kernel/http/certificate.ts";
import { instanceFrom } from "../../kernel/instance.ts";
import { createPluginProcesses } from "../../kernel/isolation/processes.ts";
import { createKernel } from "../../kernel/kernel.ts";
import { openPanel } from "../../kernel/panel.ts";
import { bundledPlugins } from "../../kernel/plugins/shelf.ts";
import { nextEpoch } from "../../kernel/storage/key.ts";
import { partArgv, root } from "./programs.ts";
import { traceCalls, traceTask } from "./task-trace.ts";
import { epochMs, shadowMark, Trace } from "./trace.ts";

/** The part `helper`: `patchbay up` with the kernel below, and with a word when a daemon's own test begins. */
export async function runTracedHelper(argv: readonly string[]): Promise<void> {
  const config = instanceConfig(
    readFlags(
      argv,
      instanceOptions.map((option) => option.flag),
    ).flags,
    process.env,
  );
  const { data: dataDir, host } = config;
  const code = await runHelper({
    dataDir,
    host,
    manifests: readManifests(join(root, "plugins")),
    tenantEntry: join(root, "dist", "helper", "tenant.js"),
    guests: { program: join(root, "dist", "isolation", "guest.js"), bundled: join(root, "dist", "plugins") },
    kernel: {
      argv: [process.execPath, ...partArgv("kernel")],
      env: { PATCHBAY_INSTANCE: JSON.stringify({ ...config, root, version: "bench" }) },
    },
    beforeKernel: (owner) => leavePassword(join(dataDir, "panel"), owner),
    onReady: () => void process.stdout.write("Patchbay is ready\n"),
    onStep: (step) => {
      if (step === "apply.test:after-shadow") process.stdout.write(`${shadowMark}${epochMs()}\n`);
    },
  });
  process.exit(code);
}

function readManifests(folder: string): ManifestLike[] {
  return readdirSync(folder)
    .map((name) => join(folder, name, "package.json"))
    .filter((file) => existsSync(file))
    .map((file) => (JSON.parse(readFileSync(file, "utf8")) as { patchbay: ManifestLike }).patchbay);
}

function leavePassword(panel: string, owner: { uid: number; gid: number } | undefined): void {
  const file = join(panel, "first-admin");
  if (existsSync(join(panel, "panel.db"))) return;
  mkdirSync(panel, { recursive: true, mode: 0o700 });
  writeFileSync(file, process.env["PATCHBAY_ADMIN_PASSWORD"] ?? "", { mode: 0o600 });
  if (owner) chownSync(file, owner.uid, owner.gid);
}

/** The part `kernel`: the kernel's own start, with a trace around its host, each added domain, and the steps of a switch. */
export async function runTracedKernel(): Promise<void> {
  const instance = instanceFrom(process.env, true);
  const trace = new Trace();
  const onClosed = () => process.exit(1);
  const { client, hello } = await connectHelper(3, { epoch: nextEpoch(instance.panel), onClosed });
  const foundation = await openFoundation(instance);
  const { servicesPort, bind: address } = instance;
  const phpVersions = await detectPhpVersions();
  const host = traceCalls(trace.around(createHost({ hello, client, servicesPort, address, phpVersions })));
  const tls = join(instance.panel, "tls");
  const server = await serverCertificate(tls, ["localhost"], Date.now());
  const entryOf: Parameters<typeof bundledPlugins>[1] = ({ manifest }) =>
    join(root, "dist", "plugins", manifest.id, "index.js");
  const bundled = bundledPlugins(join(root, "plugins"), entryOf);
  const { logger } = foundation;
  const kernel = await createKernel({
    instance,
    foundation,
    host,
    bundled,
    processes: (needs) =>
      createPluginProcesses({ ...needs, helper: client, runDir: host.info.paths.run, logger, entryOf }),
    serverCertificate: server,
    crashAt: undefined,
  });
  await welcomeFirstAdmin(instance, kernel, foundation);
  const run: typeof kernel.run = async (call, generation) => {
    if (call.operation.id === "domains.add") return trace.change(() => kernel.run(call, generation));
    const answer = await kernel.run(call, generation);
    const { operation_id: id } = (answer.data ?? {}) as { operation_id?: string };
    if (call.operation.id === "system.save-option" && answer.status === 202 && id !== undefined)
      traceTask(kernel.outcomes, foundation.storage.read, id);
    return answer;
  };
  const certificate = await panelCertificate(tls, [instance.bind], Date.now());
  await openPanel(instance, { ...kernel, run }, foundation, certificate);
  process.on("SIGTERM", () => void kernel.stop().then(() => process.exit(0)));
  await renewCommandToken(instance, kernel, foundation);
  await kernel.start();
  await client.call("ready", {});
}
