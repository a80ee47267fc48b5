import { createHash } from "node:crypto";

/**
 * Where the PEM file of a domain lies in this plugin's tree: spread evenly over 256 directories, and the same for ever.
 * A name of 253 characters and an ending would not fit into the 255 bytes of a file name, so long ones are cut. No domain
 * holds an underscore: a cut name is never the name of another domain.
 */
export function filePath(domain: string): string {
  const digest = createHash("sha256").update(domain).digest("hex");
  const stem = domain.length <= 200 ? domain : `${domain.slice(0, 160)}_${digest.slice(0, 32)}`;
  return `${digest.slice(0, 2)}/${stem}.pem`;
}
