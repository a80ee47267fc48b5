export {
  isAlive,
  processesOf,
  processesOfRange,
  processesUnder,
  type Running,
  runningProcesses,
} from "../../sdk/testing/processes.ts";
