import { isIPv6 } from 'node:net'

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/**
 * What counts as one client: an IPv4 address, or the /64 of an IPv6 address, since whoever has one address of a /64
 * has them all. Anything else is left as it is.
 */
export function clientNetwork(address: string): string {
  const [bare = ''] = address.split('%')
  const mapped = MAPPED_IPV4.exec(bare)?.[1]
  if (mapped !== undefined) return mapped
  if (!isIPv6(bare)) return address
  const [head = '', tail = ''] = bare.split('::')
  const before = head.split(':').filter(Boolean)
  // An IPv4 tail (`64:ff9b::192.0.2.1`) stands for two groups; only their number matters here.
  const after = tail
    .replace(/[^:]*\..*$/, '0:0')
    .split(':')
    .filter(Boolean)
  const groups = bare.includes('::')
    ? [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
    : before
  const prefix = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return `${prefix.join(':')}::/64`
}
