import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isKeyText, keyArgument, keyText } from '../../src/redis/key-text.js'

/** Any bytes; pieces of characters of UTF-8 are as likely as nonsense. */
const bytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc.string({ unit: 'binary', maxLength: 4 }).map((text) => Buffer.from(text)),
      fc.constantFrom(
        [0xe4, 0xb8],
        [0xef, 0xbf, 0xbd],
        [0xed, 0xa0, 0x80],
        [0xc0, 0x80],
        [0xf4, 0x90, 0x80, 0x80],
      ),
    ),
    { maxLength: 6 },
  )
  .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part))))

it('a key of any bytes has a text that leads back to it', () => {
  fc.assert(
    fc.property(bytes, (key) => {
      const text = keyText(key)
      expect(Buffer.from(keyArgument(text))).toEqual(key)
      expect(isKeyText(text)).toBe(true)
    }),
    { numRuns: 1_000 },
  )
})

it('a key that is UTF-8 has its own text, and goes to Redis as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      expect(keyText(Buffer.from(name))).toBe(name)
      expect(keyArgument(name)).toBe(name)
    }),
  )
})

it.each(['\ud800', 'a\udc00', '\udce4\udcb8\udc80'])('a text that no key has is told: %j', (text) => {
  expect(isKeyText(text)).toBe(false)
})
