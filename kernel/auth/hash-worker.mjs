// Runs in a worker thread: argon2id holds a thread for tens of milliseconds, which neither the event loop nor the thread
// pool that file and database work share can spare. Plain JavaScript, because a worker starts without a loader.
import { parentPort } from "node:worker_threads";
import { hashSync, verifySync } from "@node-rs/argon2";

/** OWASP Password Storage Cheat Sheet; argon2id is the library's default algorithm. */
const cost = { memoryCost: 19456, timeCost: 2, parallelism: 1 };

parentPort?.on("message", (job) => {
  try {
    const value = job.hash === undefined ? hashSync(job.password, cost) : verifySync(job.hash, job.password);
    parentPort?.postMessage({ ok: true, value });
  } catch {
    // The cause may quote what it was given.
    parentPort?.postMessage({ ok: false });
  }
});
