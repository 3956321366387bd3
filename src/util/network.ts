import { isIPv4, isIPv6 } from 'node:net'

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/**
 * Returns the network that counts as one client: an IPv4 address, or the /64 of an IPv6 address, because one client usually
 * has a whole /64. Any other text is returned as it is.
 */
export function clientNetwork(address: string): string {
  const [bare = ''] = address.split('%')
  const mapped = MAPPED_IPV4.exec(bare)?.[1]
  if (mapped !== undefined) return mapped
  if (!isIPv6(bare)) return address
  const [head = '', tail = ''] = bare.split('::')
  const before = head.split(':').filter(Boolean)
  // An IPv4 tail (`64:ff9b::192.0.2.1`) counts as two groups; their values do not matter here.
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

/**
 * Returns the network that one customer of a provider may have for itself: the /24 of an IPv4 address or the /48 of an IPv6
 * address. Any other text is returned as it is.
 */
export function widerNetwork(address: string): string {
  const network = clientNetwork(address)
  if (isIPv4(network)) return `${network.slice(0, network.lastIndexOf('.'))}.0/24`
  if (!network.endsWith('::/64')) return network
  return `${network.split(':').slice(0, 3).join(':')}::/48`
}
