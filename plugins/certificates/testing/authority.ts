import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate and its key as OpenSSL wrote them. */
export interface Made {
  readonly certificate: string;
  readonly key: string;
}

export interface Wanted {
  /** Who signs; nobody: it signs itself. */
  readonly issuer?: Made;
  readonly names?: readonly string[];
  readonly ca?: boolean;
  /** Arguments of `-newkey` and `-pkeyopt`. */
  readonly algorithm?: readonly string[];
  /** More extensions, `extendedKeyUsage=clientAuth`. */
  readonly extensions?: readonly string[];
  /** More arguments of `openssl req`. */
  readonly options?: readonly string[];
  /** A key that is there already. */
  readonly key?: string;
}

export const p256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

/** Makes keys and certificates with the `openssl` command, in a directory of its own. */
export class Authority {
  readonly #dir = mkdtempSync(join(tmpdir(), "patchbay-certificates-"));
  #count = 0;

  constructor() {
    // Without the distribution's file: it makes every self-signed certificate one of an authority.
    writeFileSync(join(this.#dir, "empty.cnf"), "[req]\ndistinguished_name = name\n[name]\n");
  }

  make(subject: string, wanted: Wanted = {}): Made {
    const { algorithm = p256, ca = false, extensions = [], issuer, key, names = [], options = [] } = wanted;
    const [keyFile, certificateFile] = [this.#file(key), this.#file()];
    const added = [
      `basicConstraints=critical,CA:${ca ? "TRUE" : "FALSE"}`,
      ...(names.length > 0 ? [`subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}`] : []),
      ...extensions,
    ].flatMap((extension) => ["-addext", extension]);
    const signer = issuer ? ["-CA", this.#file(issuer.certificate), "-CAkey", this.#file(issuer.key)] : [];
    const pair = key === undefined ? [...algorithm, "-noenc", "-keyout", keyFile] : ["-new", "-key", keyFile];
    const config = ["-config", join(this.#dir, "empty.cnf"), "-subj", `/CN=${subject}`, "-days", "90"];
    this.run(["req", "-x509", ...config, ...pair, ...added, ...signer, ...options, "-out", certificateFile]);
    return { certificate: readFileSync(certificateFile, "utf8"), key: readFileSync(keyFile, "utf8") };
  }

  /** Runs `openssl` and answers what it printed. */
  run(words: readonly string[], input = ""): string {
    return execFileSync("openssl", words, { input, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #file(content?: string): string {
    this.#count += 1;
    const path = join(this.#dir, `${this.#count}.pem`);
    if (content !== undefined) writeFileSync(path, content, { mode: 0o600 });
    return path;
  }
}
