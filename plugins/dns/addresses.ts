const octet = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const quad = new RegExp(`^${octet}(?:\\.${octet}){3}$`);
/** Addresses that hold an IPv4 address (mapped, or the compatible ones nobody uses): each program prints them its own way. */
const holdsIpv4 = /^::(?:ffff:)?[0-9a-f]{1,4}:[0-9a-f]{1,4}$|^::(?!1$)[0-9a-f]{1,4}$/;

/** An IPv4 address in dotted decimal; undefined for anything else, octal and shortened forms among them. */
export function toIpv4(text: string): string | undefined {
  return quad.test(text) ? text : undefined;
}

/** An IPv6 address in its canonical form (RFC 5952). Undefined for anything else, and for one that holds an IPv4 address. */
export function toIpv6(text: string): string | undefined {
  if (!/^[0-9a-f:]{2,39}$/i.test(text)) return undefined;
  // The host of a URL is serialised as RFC 5952 wants it.
  const url = `http://[${text}]/`;
  const address = URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : undefined;
  return address === undefined || holdsIpv4.test(address) ? undefined : address;
}
