import { BlockList, isIP } from "node:net";

const lists = new Map<string, BlockList>();

function listFor(cidr: string): BlockList {
  let list = lists.get(cidr);
  if (list === undefined) {
    const [address = "", bits] = cidr.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    list = new BlockList();
    list.addSubnet(address, Number(bits ?? (family === "ipv6" ? 128 : 32)), family);
    lists.set(cidr, list);
  }
  return list;
}

/** Whether an address lies in a network (`10.0.0.0/8`, `2001:db8::/32`, or a bare address). False for what is no address. */
export function inCidr(address: string, cidr: string): boolean {
  const family = isIP(address);
  return family !== 0 && listFor(cidr).check(address, family === 6 ? "ipv6" : "ipv4");
}
