import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";

export interface TestCertificate {
  /** Key and certificate in one text. */
  readonly pem: string;
  /** SHA-256, lower-case hex. */
  readonly fingerprint: string;
}

/** A self-signed certificate for these names. */
export function makeCertificate(names: readonly string[]): TestCertificate {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "-"];
  const subject = ["-subj", "/CN=site", "-addext", `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}`];
  const pem = execFileSync("openssl", ["req", "-x509", ...key, ...subject], { encoding: "utf8", stdio: "pipe" });
  return { pem, fingerprint: new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase() };
}
