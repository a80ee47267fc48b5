import { X509Certificate } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ServerCertificate } from "@patchbay/sdk";

/** PEM text of a certificate and its key. */
export interface KeptCertificate {
  readonly cert: string;
  readonly key: string;
}

const tenYears = 3650 * 24 * 3600 * 1000;

/** What the panel shows on its own ports, kept in `dir`. For these host names and addresses. */
export function panelCertificate(dir: string, hosts: readonly string[], now: number): Promise<KeptCertificate> {
  return keptCertificate(join(dir, "panel.pem"), hosts, now);
}

/** What the service daemons show to those who ask for no name they know, kept beside the panel's. */
export async function serverCertificate(
  dir: string,
  hosts: readonly string[],
  now: number,
): Promise<ServerCertificate> {
  const { cert, key } = await keptCertificate(join(dir, "server.pem"), hosts, now);
  return { certificate: cert, privateKey: key };
}

/** The certificate that is kept in `file`, or a new self-signed one for these host names and addresses. */
async function keptCertificate(file: string, hosts: readonly string[], now: number): Promise<KeptCertificate> {
  const kept = await readFile(file, "utf8").catch(() => undefined);
  if (kept !== undefined && isCurrent(kept, now)) return split(kept);
  const made = await selfSigned(hosts, now);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, made.cert + made.key, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return made;
}

function isCurrent(pem: string, now: number): boolean {
  try {
    return Date.parse(new X509Certificate(pem).validTo) > now;
  } catch {
    return false;
  }
}

function split(pem: string): KeptCertificate {
  const at = pem.indexOf("-----BEGIN PRIVATE KEY-----");
  return { cert: pem.slice(0, at), key: pem.slice(at) };
}

async function selfSigned(hosts: readonly string[], now: number): Promise<KeptCertificate> {
  const { generate } = await import("selfsigned");
  const altNames = hosts.map((host) =>
    /^[0-9.]+$|:/.test(host) ? { type: 7 as const, ip: host } : { type: 2 as const, value: host },
  );
  const made = await generate([{ name: "commonName", value: hosts[0] ?? "patchbay" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(now - 60_000),
    notAfterDate: new Date(now + tenYears),
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "subjectAltName", altNames },
    ],
  });
  return { cert: `${made.cert.trim()}\n`, key: `${made.private.trim()}\n` };
}
