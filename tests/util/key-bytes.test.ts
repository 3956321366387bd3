import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesOfKey, decodeKey, encodeKey, isKey } from '../../src/util/key-bytes.js'

describe('a Redis key as a text', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.string({ unit: 'binary', maxLength: 8 }).map((text) => new TextEncoder().encode(text)),
    // Bytes that begin characters, go on with them, encode surrogates, or stand for U+FFFD itself.
    fc.array(fc.constantFrom(0x41, 0xc3, 0xa9, 0xe6, 0xed, 0xa0, 0x80, 0xef, 0xbf, 0xbd, 0xf0, 0x9f, 0xff), {
      maxLength: 12,
    }),
  )

  it('has the same bytes again, whatever they are', () => {
    fc.assert(
      fc.property(bytes, (given) => {
        const key = Buffer.from(given)
        expect(bytesOfKey(decodeKey(key)).equals(key)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  it('is a text of its own for each key', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const same = Buffer.from(a).equals(Buffer.from(b))
        expect(decodeKey(Buffer.from(a)) === decodeKey(Buffer.from(b))).toBe(same)
      }),
      { numRuns: 1_000 },
    )
  })

  it('is the plain text where the bytes are UTF-8, and is sent as that', () => {
    for (const text of ['', 'cache_affinity:a:CLAUDE:m', '模型/一', '😀', '\ufffd', '\ufeff']) {
      expect(decodeKey(Buffer.from(text))).toBe(text)
      expect(encodeKey(text)).toBe(text)
    }
  })

  it.each(['\ud800', 'a\udc00', '\udce4\udcb8\udc80'])('tells a text that no key has: %j', (text) => {
    expect(isKey(text)).toBe(false)
  })

  it('tells the text of a key, whatever its bytes are', () => {
    fc.assert(fc.property(bytes, (given) => isKey(decodeKey(Buffer.from(given)))))
  })
})
