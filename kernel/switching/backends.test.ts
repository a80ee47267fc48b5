import type { ChangeContext, HostInfo, Manifest, Provider, ServiceStatus, Task, TaskContext } from "@patchbay/sdk";
import { ProviderError } from "@patchbay/sdk";
import * as v from "valibot";
import { beforeEach, describe, expect, it } from "vitest";
import { slotOptions } from "../slots/slot-options.ts";
import { createSlotTable } from "../slots/slot-table.ts";
import { type BackendDeps, createBackends } from "./backends.ts";
import type { InstallOrder } from "./install-task.ts";

const manifest = (id: string, apt: string | null, service: string | null): Manifest => ({
  id,
  title: id,
  sdk: "^1.0.0",
  provides: [],
  requires: [],
  packages: apt === null ? [] : [{ apt, binary: `/usr/sbin/${id}`, reason: "it serves" }],
  memoryMb: 256,
  grants: { services: service === null ? {} : { [service]: {} } } as unknown as Manifest["grants"],
});
const manifests = new Map([
  ["web-old", manifest("web-old", "old-daemon old-extra", "old")],
  ["web-new", manifest("web-new", "new-daemon", "new")],
  ["web-remote", manifest("web-remote", null, null)],
]);

let installed: Set<string>;
let multiUser: boolean;
let installs: string[];
let install: () => Promise<void>;
const providers = new Map<string, Partial<Provider>>();

function table() {
  return createSlotTable({
    slots: [
      {
        id: "web",
        title: "Web server",
        option: "web_server",
        unit: v.looseObject({}),
        after: [],
        load: async (_read, keys) => new Map(keys.filter((key) => key !== "gone").map((key) => [key, { key }])),
        keys: async () => ["a", "b"],
        assigned: async (_read, keys) => new Map(keys.filter((key) => key === "b").map((key) => [key, "remote"])),
      },
    ],
    providers: ["old", "new", "remote"].map((id) => ({
      plugin: `web-${id}`,
      sharesPorts: false,
      use: () => undefined as never,
      entry: { slot: "web", id, title: id.toUpperCase(), create: () => providers.get(id) as Provider },
    })),
    ports: { http: 80, https: 443 },
    chosen: () => "old",
    installed: (plugin) => installed.has(plugin),
  });
}

function backends() {
  const slots = table();
  const services: ServiceStatus[] = [
    { name: "old", plugin: "web-old", status: "running" },
    { name: "new", plugin: "web-new", status: "stopped" },
  ];
  const log = () => undefined;
  return createBackends({
    settings: {
      choices: async () => slotOptions(slots).map(({ fallback: _, ...choice }) => ({ ...choice, chosen: "old" })),
    },
    slots: () => slots,
    services: { list: async () => services },
    packages: {
      install: async (plugin) => {
        installs.push(plugin);
        await install();
      },
      versions: async () => ({ versions: { "old-daemon": "1.22-3", "new-daemon": null }, installable: true }),
    },
    host: { info: { multiUser } as HostInfo },
    logger: { info: log, warn: log, error: log },
    read: {} as BackendDeps["read"],
    manifest: (plugin) => manifests.get(plugin),
  });
}

beforeEach(() => {
  installed = new Set(["web-old", "web-remote"]);
  multiUser = true;
  installs = [];
  install = async () => void installed.add("web-new");
  for (const id of ["old", "new", "remote"]) providers.set(id, { kind: "render" });
});

it("tells of every backend whether it is installed, runs, serves and can be installed", async () => {
  const all = await backends().list();
  expect(
    all.map(({ id, installed, version, running, active, installable }) => [
      id,
      installed,
      version,
      running,
      active,
      installable,
    ]),
  ).toEqual([
    ["old", true, "1.22-3", true, true, false],
    ["new", false, null, false, false, true],
    ["remote", true, null, false, false, false],
  ]);
  expect(all[0]).toMatchObject({ option: "web_server", slot: "web", title: "OLD", plugin: "web-old" });
});

describe("installing", () => {
  const started: { task: Task; payload: InstallOrder }[] = [];
  const change = {
    start: (task: Task, payload: InstallOrder) => started.push({ task, payload }),
  } as unknown as ChangeContext;
  const steps: string[] = [];
  const ctx = {
    signal: new AbortController().signal,
    step: async (name: string, state: string, message = "") => void steps.push(`${name} ${state} ${message}`.trim()),
    progress: async () => undefined,
  } as unknown as TaskContext;

  beforeEach(() => {
    started.length = 0;
    steps.length = 0;
  });

  it("is a task that ends when the programs are there, and nothing where they are", async () => {
    const room = backends();
    await room.install(change, "web_server", "old");
    expect(started).toEqual([]);
    await room.install(change, "web_server", "new");
    expect(started).toEqual([{ task: room.task, payload: { slot: "web", provider: "new" } }]);
    await room.task.run({ slot: "web", provider: "new" }, ctx);
    expect(installs).toEqual(["web-new"]);
    expect(steps).toEqual(["packages running", "packages done", "detect running", "detect done NEW is installed"]);
  });

  it("is refused without root and for what has no packages or no plugin", async () => {
    installed.delete("web-remote");
    await expect(backends().install(change, "web_server", "remote")).rejects.toMatchObject({ status: 409 });
    await expect(backends().install(change, "web_server", "iis")).rejects.toMatchObject({ code: "INVALID_INPUT" });
    await expect(backends().install(change, "brand", "x")).rejects.toMatchObject({ code: "INVALID_INPUT" });
    multiUser = false;
    const refused = { code: "BACKEND_NOT_INSTALLABLE", status: 409 };
    await expect(backends().install(change, "web_server", "new")).rejects.toMatchObject(refused);
    expect(started).toEqual([]);
  });

  it("fails with what the helper says, and when the programs are still not there", async () => {
    install = async () => {
      throw new ProviderError("unavailable", "apt-get could not install new-daemon", { output: "E: 404" });
    };
    const order = { slot: "web", provider: "new" };
    await expect(backends().task.run(order, ctx)).rejects.toMatchObject({
      code: "BACKEND_NOT_INSTALLABLE",
      message:
        "NEW could not be installed: apt-get could not install new-daemon. The panel's log has the whole output.",
    });
    install = async () => undefined;
    await expect(backends().task.run(order, ctx)).rejects.toMatchObject({ code: "BACKEND_NOT_INSTALLED" });
  });
});

it("reports of a unit what the one that serves it says", async () => {
  providers.set("remote", { kind: "execute", report: async (key: string) => ({ key }) } as unknown as Provider);
  expect(await backends().report("web", "b")).toEqual({ key: "b" });
  expect(await backends().report("web", "a")).toBeUndefined();
  expect(await backends().report("web", "gone")).toBeUndefined();
  expect(await backends().report("mail", "a")).toBeUndefined();
});
