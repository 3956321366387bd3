import { describe, expect, it } from 'vitest'
import { clientNetwork, isAddressIn, readAddress, widerNetwork } from '../../src/util/network.js'

describe('the network that counts as one client', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['unknown', 'unknown'],
    ['', ''],
  ])('of %s is %s', (address, network) => {
    expect(clientNetwork(address)).toBe(network)
  })

  it.each([
    ['mapped in hexadecimal', '::ffff:0102:0304', '::ffff:0102:0305'],
    ['mapped without abbreviation', '0:0:0:0:0:FFFF:102:304', '0:0:0:0:0:FFFF:102:305'],
    ['translated by RFC 6052 (NAT64)', '64:ff9b::1.2.3.4', '64:ff9b::102:305'],
    ['translated by RFC 6145', '::ffff:0:102:304', '::ffff:0:1.2.3.5'],
  ])('is one for each IPv4 address, %s', (_, first, second) => {
    expect([first, second].map(clientNetwork)).toEqual(['1.2.3.4', '1.2.3.5'])
  })

  it('is the same for every port', () => {
    const spellings = ['192.0.2.7:1', '192.0.2.7:65535', '[::ffff:c000:207]:443', '192.0.2.7']
    expect(new Set(spellings.map(clientNetwork))).toEqual(new Set(['192.0.2.7']))
  })
})

describe('an address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    [' 192.0.2.7 ', '192.0.2.7'],
    ['192.0.2.7:443', '192.0.2.7'],
    ['[192.0.2.7]:443', '192.0.2.7'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['fe80::1%any-text', 'fe80::1'],
    ['::ffff:0102:0304', '1.2.3.4'],
  ])('%s has one spelling: %s', (text, address) => {
    expect(readAddress(text)).toBe(address)
  })

  it.each([
    'unknown',
    '_hidden',
    '',
    '1',
    '127.1',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '1.2.3.256',
    '1.2.3.4.5',
    '192.0.2.7:',
    '192.0.2.7:http',
    '192.0.2.7:1:2',
    '[2001:db8::1',
    '2001:db8::1]:443',
    '[]:443',
    '2001:db8::1::2',
    '192.0.2.0/24',
    '<script>',
  ])('is not "%s"', (text) => {
    expect(readAddress(text)).toBeUndefined()
  })
})

it.each([
  ['192.0.2.7', '192.0.2.0/24'],
  ['::ffff:192.0.2.7', '192.0.2.0/24'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
  ['2001:db8::1', '2001:db8:0::/48'],
  ['::1', '0:0:0::/48'],
  ['unknown', 'unknown'],
])('%s belongs to the wider network %s', (address, network) => {
  expect(widerNetwork(address)).toBe(network)
})

describe('an address and a range', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7', ' 192.0.2.0/24 '],
    ['::ffff:192.0.2.7', '192.0.2.0/24'],
    ['192.0.2.7', '::ffff:192.0.2.7'],
    ['192.0.2.7', '0.0.0.0/0'],
    ['192.0.2.200', '192.0.2.7/24'],
    ['2001:db8::1', '2001:db8::/32'],
    ['2001:DB8::1', '2001:db8:0:0::1'],
  ])('%s is in %s', (address, range) => {
    expect(isAddressIn(address, range)).toBe(true)
  })

  it.each([
    ['192.0.3.7', '192.0.2.0/24'],
    ['192.0.2.7', '192.0.2.8'],
    ['2001:db8::1', '0.0.0.0/0'],
    ['192.0.2.7', '::/0'],
    ['10.1.2.3', '10/8'],
    ['10.1.2.3', '10.0.0.0/33'],
    ['10.1.2.3', '10.0.0.0/'],
    ['10.1.2.3', '10.0.0.0/8/8'],
    ['10.1.2.3', ''],
    ['10.1.2.3', '*'],
    ['127.0.0.1', '0x7f.1'],
    ['unknown', 'unknown'],
    ['', ''],
  ])('%j is not in %j', (address, range) => {
    expect(isAddressIn(address, range)).toBe(false)
  })
})
