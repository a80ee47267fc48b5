import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate as a customer might upload it. */
export interface UploadedPair {
  readonly certificate: string;
  readonly private_key: string;
}

/** Makes a certificate for these names with openssl, which must be installed. No authority has signed it. */
export function makeCertificate(names: readonly string[]): UploadedPair {
  const dir = mkdtempSync(join(tmpdir(), "patchbay-certificate-"));
  const [key, certificate] = [join(dir, "key.pem"), join(dir, "certificate.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key];
  const subject = ["-subj", `/CN=${names[0]}`];
  const extensions = [
    `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}`,
    "basicConstraints=critical,CA:FALSE",
  ];
  const about = [...subject, ...extensions.flatMap((extension) => ["-addext", extension])];
  try {
    execFileSync("openssl", ["req", "-x509", "-days", "90", "-out", certificate, ...curve, ...about], {
      stdio: "ignore",
    });
    return { certificate: readFileSync(certificate, "utf8"), private_key: readFileSync(key, "utf8") };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
