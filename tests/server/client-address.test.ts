import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect, it } from 'vitest'
import {
  cameOverTls,
  clientAddress,
  TRUST_NOBODY,
  trustProxies,
} from '../../src/server/http/client-address.js'

/** A request on a connection from this address. */
function requestFrom(remoteAddress: string, headers: Record<string, string> = {}): IncomingMessage {
  const request = new IncomingMessage(
    Object.create(new Socket(), { remoteAddress: { value: remoteAddress } }),
  )
  Object.assign(request.headers, headers)
  return request
}

const LOCAL = trustProxies(['loopback', '10.0.0.0/8'])

it.each([
  ['nothing', '127.0.0.1', '127.0.0.1'],
  ['192.0.2.1', '127.0.0.1', '192.0.2.1'],
  ['192.0.2.1:5678', '127.0.0.1', '192.0.2.1'],
  ['[2001:db8::1]', '127.0.0.1', '2001:db8::1'],
  ['[2001:db8::1]:5678', '127.0.0.1', '2001:db8::1'],
  ['2001:DB8:0::1', '::1', '2001:db8::1'],
  ['::ffff:0102:0304', '127.0.0.1', '1.2.3.4'],
  ['192.0.2.1', '::ffff:127.0.0.1', '192.0.2.1'],
  // A trusted proxy that names its port, too, is a trusted proxy.
  ['192.0.2.1, 10.0.0.7:443', '127.0.0.1', '192.0.2.1'],
  ['192.0.2.1, ::ffff:0a00:0007', '127.0.0.1', '192.0.2.1'],
  ['192.0.2.1, 198.51.100.7', '127.0.0.1', '198.51.100.7'],
  // What is no address, and all that the client may have put before it, is not believed.
  ['unknown', '127.0.0.1', '127.0.0.1'],
  ['', '127.0.0.1', '127.0.0.1'],
  ['192.0.2.1, , 10.0.0.7', '127.0.0.1', '10.0.0.7'],
  ['192.0.2.1, garbage, 10.0.0.7', '127.0.0.1', '10.0.0.7'],
  ['10.0.0.7.evil', '127.0.0.1', '127.0.0.1'],
  ['0x7f.1', '127.0.0.1', '127.0.0.1'],
  ['fe80::1%a, fe80::1%b', '127.0.0.1', 'fe80::1'],
])('X-Forwarded-For: %s on a connection from %s means %s', (claim, from, address) => {
  const headers = claim === 'nothing' ? {} : { 'x-forwarded-for': claim }
  expect(clientAddress(requestFrom(from, headers), LOCAL)).toBe(address)
})

it('counts the proxies if only their number is known', () => {
  const request = requestFrom('192.0.2.9', { 'x-forwarded-for': '192.0.2.1, 192.0.2.2:80, 192.0.2.3' })
  const addresses = [0, 1, 2, 3, 9].map((count) => clientAddress(request, trustProxies(count)))
  expect(addresses).toEqual(['192.0.2.9', '192.0.2.3', '192.0.2.2', '192.0.2.1', '192.0.2.1'])
})

it('believes nobody by default, in one spelling of the address', () => {
  const request = requestFrom('::ffff:127.0.0.1', {
    'x-forwarded-for': '192.0.2.1',
    'x-forwarded-proto': 'https',
  })
  expect(clientAddress(request, TRUST_NOBODY)).toBe('127.0.0.1')
  expect([TRUST_NOBODY, LOCAL].map((trust) => cameOverTls(request, trust))).toEqual([false, true])
})
