import { X509Certificate } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** PEM text of the panel's certificate and key. */
export interface PanelCertificate {
  readonly cert: string;
  readonly key: string;
}

const tenYears = 3650 * 24 * 3600 * 1000;

/** The panel's own certificate: the one in `dir`, or a new self-signed one for these host names and addresses. */
export async function panelCertificate(dir: string, hosts: readonly string[], now: number): Promise<PanelCertificate> {
  const file = join(dir, "panel.pem");
  const kept = await readFile(file, "utf8").catch(() => undefined);
  if (kept !== undefined && isCurrent(kept, now)) return split(kept);
  const made = await selfSigned(hosts, now);
  await mkdir(dir, { recursive: true, mode: 0o700 });
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

function split(pem: string): PanelCertificate {
  const at = pem.indexOf("-----BEGIN PRIVATE KEY-----");
  return { cert: pem.slice(0, at), key: pem.slice(at) };
}

async function selfSigned(hosts: readonly string[], now: number): Promise<PanelCertificate> {
  const { generate } = await import("selfsigned");
  const altNames = hosts.map((host) =>
    /^[0-9.]+$|:/.test(host) ? { type: 7 as const, ip: host } : { type: 2 as const, value: host },
  );
  const made = await generate([{ name: "commonName", value: hosts[0] ?? "patchbay" }], {
    keyType: "ec",
    curve: "P-256",
    notBeforeDate: new Date(now - 60_000),
    notAfterDate: new Date(now + tenYears),
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "subjectAltName", altNames },
    ],
  });
  return { cert: `${made.cert.trim()}\n`, key: `${made.private.trim()}\n` };
}
