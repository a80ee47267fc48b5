/** One block of a PEM file. */
export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, … */
  readonly label: string;
  readonly bytes: Buffer;
}

const shape = /-----BEGIN ([A-Z0-9 ]{1,40})-----\r?\n([A-Za-z0-9+/=\r\n]*?)\r?\n?-----END \1-----/g;

/**
 * The blocks of a PEM text (RFC 7468, strict: no text beside the blocks, no headers in them, base64 without blanks), or
 * undefined when it is anything else.
 */
export function parsePem(text: string): PemBlock[] | undefined {
  const blocks: PemBlock[] = [];
  let at = 0;
  for (const match of text.matchAll(shape)) {
    const [whole, label = "", body = ""] = match;
    const base64 = body.replace(/[\r\n]/g, "");
    const bytes = Buffer.from(base64, "base64");
    // The decoder skips what it does not understand.
    if (isText(text.slice(at, match.index)) || bytes.length === 0 || bytes.toString("base64") !== base64)
      return undefined;
    blocks.push({ label, bytes });
    at = match.index + whole.length;
  }
  return blocks.length === 0 || isText(text.slice(at)) ? undefined : blocks;
}

const isText = (between: string) => between.trim() !== "";
