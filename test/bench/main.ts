import { type BareServer, serveBare } from "./bare-server.ts";
import { measureBurst } from "./burst.ts";
import { measureDns } from "./dns.ts";
import type { Row } from "./figures.ts";
import { generateLoad, type Load, loadGenerator } from "./load.ts";
import { machineFacts } from "./machine.ts";
import { measureMemory } from "./memory.ts";
import { measurePlugins } from "./plugins.ts";
import { ensureWrk } from "./programs.ts";
import { type Section, toText, writeReport } from "./report.ts";
import { measureRequestPath } from "./request-path.ts";
import { measureSites } from "./sites.ts";
import { measureStartUp } from "./start-up.ts";
import { measureSwitch } from "./switch.ts";
import { runTracedHelper, runTracedKernel } from "./traced-panel.ts";

/** Parts of the benchmark that run in processes of their own. */
const parts: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  bare: ([options = ""]) => serveBare(JSON.parse(options) as BareServer),
  load: ([load = ""]) => generateLoad(JSON.parse(load) as Load),
  helper: runTracedHelper,
  kernel: runTracedKernel,
};

interface Measurement {
  readonly name: string;
  readonly title: string;
  readonly method: string;
  run(wrk: string | undefined): Promise<readonly Row[]>;
}

const measurements: readonly Measurement[] = [
  {
    name: "request",
    title: "One request, the whole way",
    method: `\`GET /api/operations/get?id=…\` with an API token over the panel's TLS listener: token looked up, rate class counted
(the limit is never reached), role and scope checked, input parsed, one row read from SQLite by its primary key, answer checked
against its schema. Against it one h3 handler that returns the same object, without headers of its own, behind the same
listener in a process of its own. One load generator (wrk where there is one) with one thread and 50 connections kept open.`,
    run: (wrk) => measureRequestPath(loadGenerator(wrk)),
  },
  {
    name: "sites",
    title: "Adding a site",
    method: `Three instances at once, with 10, 1,000 and 10,000 sites of one account; to each in turn a site of another account is
added. The sites that are there were written into the database and served by one full reconcile. *Panel work* is the time of
\`domains.add\` inside the kernel without \`nginx -t\`, without the reload and without the short-lived processes of the account that
make the directory; it does contain staging, fsyncs and the shadow tree. The kernel measured has counters around its helper
line and its database driver, and is otherwise the one that is shipped.`,
    run: measureSites,
  },
  {
    name: "burst",
    title: "Adding a hundred at once",
    method: `A hundred calls of \`domains.add\` sent together, five times. Reloads are those the kernel orders. Each
caller asks for its site the moment it is told that it is live.`,
    run: measureBurst,
  },
  {
    name: "switch",
    title: "Another web server",
    method: `Instances with 100, 1,000 and 10,000 sites of one account, each with HTTPS and a certificate, seeded as above. The option
\`web_server\` is saved as \`apache\`, which has served nothing yet, and then as \`nginx\` again, which kept its files. *Rendered and
written* is what the panel itself does to make the new server ready beside the old one: units loaded, checked and rendered, files
written and put into place, the ledger. It is measured where the kernel talks to the helper, without the daemon's own test, its
reloads and the probes. A visitor asks a page of one site every 5 ms, by turns over HTTP and HTTPS, each time on a new
connection; what counts is the longest time without a good answer, also when it was only slow.`,
    run: measureSwitch,
  },
  {
    name: "dns",
    title: "Changing a record",
    method: `Two instances at once, with 10 and 10,000 zones, and on each a zone of 15 and one of 1,000 records; all others are as the
template makes them. An A record is added and changed over HTTPS on a kept connection (\`dns.add-record\`, \`dns.update-record\`), and
from the moment the request is sent the name server is asked over UDP, with pauses of 0.3 ms, until the answer is the new one. In turn with it the same
is done to another name of the zone by one bare UPDATE with TSIG, which only the name server handles. Zones are seeded as rows and
served by one full reconcile.`,
    run: measureDns,
  },
  {
    name: "start",
    title: "Starting",
    method: `An instance with one account that was stopped in order. From the start of \`patchbay up\` to the first answer of the panel over
HTTPS, asked for every 4 ms; daemons come up after that. Rounds alternate with \`node -e ''\`.`,
    run: measureStartUp,
  },
  {
    name: "plugins",
    title: "Many plugins",
    method: `The panel as it is shipped, and the same with 10 and with 100 plugins more, which are 200 and 2,000 operations. They run in the panel's own process; each has 20 operations with schemas of six fields, a setting, a tap and a
schedule. Time is that from \`patchbay up\` to the first answer over HTTPS; the three take turns. Memory is what the kernel holds when all
daemons are up. What a plugin costs is the difference to the panel as it is shipped (of the fastest starts; of the medians of memory),
divided by the number of plugins.`,
    run: measurePlugins,
  },
  {
    name: "memory",
    title: "Memory",
    method: `An instance with one account, 40 s after the last request. *Panel* is the helper and the kernel, which is all of Patchbay that
runs; the web server and PHP are not in it. *Together* is what each holds for itself plus each page of a file they share (Node's
own program, libraries) once, read from \`/proc/PID/smaps\`: what the two would cost on a machine that runs no other Node.`,
    run: measureMemory,
  },
];

/**
 * `npm run bench`: runs all measurements, or those that are named, prints the table, and writes `docs/benchmarks.md` when all
 * were run. Answers 1 when an aim is missed.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const [name = "", ...args] = argv;
  const part = parts[name];
  if (part) {
    await part(args);
    return 0;
  }
  const chosen = measurements.filter((measurement) => argv.length === 0 || argv.includes(measurement.name));
  const wrk = await ensureWrk();
  const sections: Section[] = [];
  for (const { title, method, run } of chosen) {
    process.stderr.write(`measuring: ${title.toLowerCase()}\n`);
    const facts = machineFacts();
    sections.push({ title, method, facts, rows: await run(wrk) });
    // After each, so that what was measured is kept whatever becomes of the next.
    writeReport(
      sections,
      measurements.map((measurement) => measurement.title),
    );
  }
  process.stdout.write(`${toText(sections)}\n`);
  return sections.every(({ rows }) => rows.every((row) => row.met !== false)) ? 0 : 1;
}
