/**
 * The part of a client address that limits count by: an IPv4 address as it is (also when it came mapped into IPv6), the
 * /64 network of an IPv6 address, because one customer commonly owns a whole /64.
 */
export function addressKey(ip: string): string {
  if (!ip.includes(":")) return ip;
  const bare = ip.split("%", 1)[0]?.toLowerCase() ?? "";
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  return `${firstGroups(bare).join(":")}::/64`;
}

function firstGroups(ip: string): string[] {
  const gap = ip.indexOf("::");
  const head = (gap === -1 ? ip : ip.slice(0, gap)).split(":").filter((group) => group !== "");
  const tail =
    gap === -1
      ? []
      : ip
          .slice(gap + 2)
          .split(":")
          .filter((group) => group !== "");
  // A dotted tail stands for two groups.
  const tailGroups = tail.length + (tail.at(-1)?.includes(".") ? 1 : 0);
  const zeros = gap === -1 ? 0 : Math.max(0, 8 - head.length - tailGroups);
  const groups = [...head, ...new Array<string>(zeros).fill("0"), ...tail];
  return groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ""));
}
