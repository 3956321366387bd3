import { isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Ranges of IPv6 addresses that carry an IPv4 address in their last 32 bits, by ipaddr.js's names: mapped and translated. */
const CARRY_IPV4: readonly string[] = ['ipv4Mapped', 'rfc6145', 'rfc6052']

/** `[2001:db8::1]` or `[2001:db8::1]:443`, and `192.0.2.1:443`. The port, which changes with each connection, is dropped. */
const IN_BRACKETS = /^\[([^\]]*)\](?::\d{1,5})?$/
const WITH_PORT = /^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/

function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = IN_BRACKETS.exec(text)?.[1] ?? WITH_PORT.exec(text)?.[1] ?? text
  // Other forms of IPv4, such as `0x7f.1` and `0177.0.0.1`, mean different addresses to different programs.
  // ipaddr.js would throw and catch an error for each text that is no IPv4 address, and so for every IPv6 client.
  if (isIPv4(bare)) return ipaddr.IPv4.parse(bare)
  // A zone names an interface of one machine, so that it says nothing about the client.
  const [withoutZone = ''] = bare.split('%')
  if (!ipaddr.IPv6.isValid(withoutZone)) return undefined
  const address = ipaddr.IPv6.parse(withoutZone)
  if (!CARRY_IPV4.includes(address.range())) return address
  return new ipaddr.IPv4(address.toByteArray().slice(-4))
}

/**
 * Reads an IP address, with or without a port, and returns its one spelling: `192.0.2.1`, also for `::ffff:c000:201`, or
 * `2001:db8::1`. Returns undefined if the text is no address.
 */
export function readAddress(text: string): string | undefined {
  const address = parse(text.trim())
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address?.toString()
}

/**
 * Returns the network that counts as one client: an IPv4 address, or the /64 of an IPv6 address, because one client usually
 * has a whole /64. Any other text is returned as it is.
 */
export function clientNetwork(text: string): string {
  const address = parse(text)
  if (address === undefined) return text
  if (address instanceof ipaddr.IPv4) return address.toString()
  const prefix = address.parts.slice(0, 4).map((group) => group.toString(16))
  return `${prefix.join(':')}::/64`
}

/**
 * Returns the network that one customer of a provider may have for itself: the /24 of an IPv4 address or the /48 of an IPv6
 * address. Any other text is returned as it is.
 */
export function widerNetwork(text: string): string {
  const address = parse(text)
  if (address === undefined) return text
  if (address instanceof ipaddr.IPv4) return `${address.octets.slice(0, 3).join('.')}.0/24`
  const prefix = address.parts.slice(0, 3).map((group) => group.toString(16))
  return `${prefix.join(':')}::/48`
}

/**
 * Returns true if the address is in the range: an address (`192.0.2.1`) or a CIDR range (`192.0.2.0/24`). Anything that is
 * no address is in no range, and a text that is no range contains nothing.
 */
export function isAddressIn(text: string, range: string): boolean {
  const address = parse(text.trim())
  if (address === undefined) return false
  const bare = range.trim()
  if (!bare.includes('/')) return parse(bare)?.toString() === address.toString()
  // `isValidCIDR` also takes short forms of IPv4, such as `10/8`, which other programs read in other ways.
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(bare) && !ipaddr.IPv6.isValidCIDR(bare)) return false
  const [network, bits] = ipaddr.parseCIDR(bare)
  return network.kind() === address.kind() && address.match(network, bits)
}
