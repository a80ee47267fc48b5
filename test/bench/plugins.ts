import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyCheckout } from "../harness/checkout.ts";
import { addPlugins, contributing, type ScratchPlugin } from "../plugins/scratch-plugin.ts";
import { judged, noted, type Row, show, spreadOf } from "./figures.ts";
import { BenchPanel } from "./panel.ts";
import { residentOf } from "./resident.ts";
import { timePanel } from "./start-up.ts";

const rounds = 8;
const operationsEach = 20;
const few = 10;
const many = 100;
/** A plugin among many may cost this many times what one among few costs. */
const aim = 2;

/** One panel with so many plugins beside those it is shipped with. */
interface Crowd {
  readonly plugins: number;
  readonly panel: BenchPanel;
  readonly times: number[];
  readonly memory: number[];
}

/** What plugins cost at the start: time to the first answer, and memory. */
export async function measurePlugins(): Promise<readonly Row[]> {
  const dir = mkdtempSync(join(tmpdir(), "patchbay-bench-"));
  chmodSync(dir, 0o755);
  const crowds: Crowd[] = [];
  try {
    for (const plugins of [0, few, many]) crowds.push(await gather(dir, plugins));
    for (let round = 0; round <= rounds; round += 1) {
      // The first start of an instance makes its keys and tables.
      for (const crowd of crowds) await measure(crowd, round > 0);
    }
    return rowsOf(crowds);
  } finally {
    for (const { panel } of crowds) await panel.destroy();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function gather(dir: string, plugins: number): Promise<Crowd> {
  const checkout = copyCheckout(join(dir, `checkout-${plugins}`));
  addPlugins(
    checkout,
    Array.from({ length: plugins }, (_, index) => makePlugin(index)),
  );
  return { plugins, panel: await BenchPanel.prepare({ checkout }), times: [], memory: [] };
}

async function measure({ memory, panel, times }: Crowd, counts: boolean): Promise<void> {
  let held = 0;
  const time = await timePanel(panel, () => {
    held = residentOf([panel.kernelPid()]).together;
  });
  if (!counts) return;
  times.push(time);
  memory.push(held);
}

function rowsOf([none, ten, hundred]: readonly Crowd[]): readonly Row[] {
  if (!none || !ten || !hundred) throw new Error("nothing was measured");
  const crowds = [none, ten, hundred];
  const [time, memory] = [(crowd: Crowd) => spreadOf(crowd.times), (crowd: Crowd) => spreadOf(crowd.memory)];
  return [
    // Whatever else the machine does only makes a start slower, and what ten plugins cost is little.
    compared(crowds, { what: "time", unit: " ms", digits: 1, of: (crowd) => time(crowd).min }),
    compared(crowds, { what: "memory", unit: " MB", digits: 2, of: (crowd) => memory(crowd).median }),
    ...crowds.map((crowd) => noted(`${nameOf(crowd)}: to the first HTTPS answer`, show(time(crowd), 0, " ms"))),
    ...crowds.map((crowd) => noted(`${nameOf(crowd)}: the kernel's memory`, show(memory(crowd), 1, " MB"))),
  ];
}

interface Quantity {
  readonly what: string;
  readonly unit: string;
  readonly digits: number;
  of(crowd: Crowd): number;
}

/** What one plugin costs among many, against one among few. */
function compared([none, ten, hundred]: readonly Crowd[], { digits, of, unit, what }: Quantity): Row {
  const each = (crowd: Crowd | undefined) => (crowd && none ? (of(crowd) - of(none)) / crowd.plugins : Number.NaN);
  const [fewer, more] = [each(ten), each(hundred)];
  const result = `${(more / fewer).toFixed(1)} (${more.toFixed(digits)}${unit} : ${fewer.toFixed(digits)}${unit})`;
  return judged(`${what} one plugin of ${many} costs : one of ${few}`, result, `< ${aim}`, more < aim * fewer);
}

function nameOf({ plugins }: Crowd): string {
  return plugins === 0 ? "as it is shipped" : `with ${plugins} plugins and ${plugins * operationsEach} operations more`;
}

/** Names of operations have no digits. */
function letters(index: number): string {
  return String.fromCharCode(97 + Math.floor(index / 26), 97 + (index % 26));
}

function makePlugin(index: number): ScratchPlugin {
  const id = `made-${letters(index)}`;
  const operations = Array.from({ length: operationsEach }, (_, at) =>
    operation(`${id}.do-${letters(at)}`, at % 2 === 0),
  );
  const more = `to.pluginSetting({ key: "size", title: "Size", schema: v.pipe(v.string(), v.maxLength(10)), default: "1" });
    to.tap(sdk.beforeHook("${id}.do-ab"), async () => undefined);
    to.schedule({ id: "${id}.sweep", cron: "0 3 * * *", run: async () => undefined });`;
  return { id, code: contributing(operations, more) };
}

function operation(id: string, reads: boolean): string {
  const kind = reads ? "defineQuery({" : 'defineChange({ method: "POST",';
  return `sdk.${kind}
    id: "${id}", summary: "One of many", rate: "standard", access: { callers: ["admin", "reseller"] },
    input: v.strictObject({
      name: v.optional(sdk.text(1, 50)), domain: v.optional(sdk.domainName), kind: v.optional(v.picklist(["a", "b"])),
      note: v.optional(v.pipe(v.string(), v.maxLength(200))), size: v.optional(v.string()), on: v.optional(v.string()),
    }),
    output: v.strictObject({ id: v.string(), items: v.array(v.strictObject({ name: v.string(), size: v.number() })) }),
    handle: async () => ({ id: "${id}", items: [] }),
  })`;
}
