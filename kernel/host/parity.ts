import { createHash } from "node:crypto";
import type { ParityRequest } from "@patchbay/sdk";
import { httpGet } from "./http-get.ts";

/** What a provider answers to a visitor, as far as two of them are compared. */
export interface ParityAnswer {
  /** 0: nobody answered within 5 s. */
  readonly status: number;
  readonly location: string | null;
  /** SHA-256 of the first 256 KiB of the body, hex. */
  readonly digest: string;
}

export interface ParityPorts {
  readonly address: string;
  readonly ports: Readonly<Record<"http" | "https", number>>;
}

const timeoutMs = 5000;
const longestBody = 256 * 1024;

/** Asks as a visitor would. Never rejects: not to answer is an answer too. */
export async function fetchParity(
  request: ParityRequest,
  { address, ports }: ParityPorts,
  signal: AbortSignal,
): Promise<ParityAnswer> {
  try {
    const { status, headers, body } = await httpGet(request, { address, ports, timeoutMs, longestBody, signal });
    const digest = createHash("sha256").update(body).digest("hex");
    return { status, location: headers.location ?? null, digest };
  } catch {
    return { status: 0, location: null, digest: "" };
  }
}
