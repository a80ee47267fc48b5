import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePorts } from "../../test/harness/ports.ts";
import { secondaryConfig } from "./secondaries.ts";
import { LiveNamed } from "./testing/live-named.ts";
import { put, serversOf, setUnit, take, zoneUnit } from "./testing/units.ts";

const done = new Map();
let named: LiveNamed;
let secondary: ChildProcess | undefined;
let port = 0;

beforeAll(async () => {
  named = await LiveNamed.create();
  do port = (await freePorts()).services + 53;
  while (port === named.info.ports.dns);
  named.secondaries = `127.0.0.1:${port}`;
  await named.apply();
});

afterAll(async () => {
  const running = secondary;
  if (running !== undefined) {
    const gone = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGTERM");
    await gone;
  }
  await named.end();
});

function startSecondary(): void {
  const directory = join(named.root, "secondary");
  mkdirSync(directory);
  const own = `directory "${directory}"; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
    pid-file "${directory}/pid"; session-keyfile none; lock-file none; recursion no; dnssec-validation no; notify no;
    geoip-directory none; empty-zones-enable no;`;
  const config = secondaryConfig(named.info, named.keys).replace("options {", `options { ${own}`);
  writeFileSync(join(directory, "named.conf"), `${config}controls {};\n`);
  expect(named.run("named-checkconf", [join(directory, "named.conf")]).stdout).toBe("");
  const words = ["-f", "-n", "1", "-L", join(directory, "log"), "-c", join(directory, "named.conf")];
  secondary = spawn("/usr/sbin/named", words, { stdio: "ignore", env: {}, cwd: "/" });
}

const answers = (name: string) =>
  named.run("dig", ["@127.0.0.1", "-p", `${port}`, "+norec", "+short", "+tries=1", "+time=1", name, "A"]).stdout.trim();

it("gets the zones there are, new ones, their changes, and loses them again", async () => {
  const zones = ["ada.test", "bob.test"].map((zone) => ({
    zone: zoneUnit(zone),
    servers: serversOf(zone),
    www: setUnit(zone, "www", "A", "192.0.2.1"),
  }));
  for (const { zone, servers, www } of zones) {
    if (zone.zone === "bob.test") {
      startSecondary();
      await named.until(() => answers("www.ada.test") === "192.0.2.1", 60_000);
    }
    expect(await named.execute(put(zone), put(servers), put(www))).toEqual(done);
  }
  await named.until(() => answers("www.bob.test") === "192.0.2.1", 60_000);
  expect(await named.execute(put(setUnit("ada.test", "late", "A", "192.0.2.2")))).toEqual(done);
  await named.until(() => answers("late.ada.test") === "192.0.2.2", 60_000);
  expect(await named.execute(take(zoneUnit("ada.test")))).toEqual(done);
  await named.until(() => answers("www.ada.test") === "", 60_000);
  expect(answers("www.bob.test")).toBe("192.0.2.1");
});
