import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDecrypter, createEncrypter } from '../../src/gateway/aether/fernet.js'
import { createKeyMasker, maskKey } from '../../src/gateway/masking.js'

describe('a masked key', () => {
  it.each([
    ['sk-jhiId01234567890123AABB', 'sk-jhiId********AABB'],
    ['123456789012345678901234', '12345678********1234'],
    ['12345678901234567890123', '12345678********123'],
    ['1234567890123', '1234********23'],
    ['123456789012', '12********'],
    ['sk-r6hVV', 'sk********'],
    ['abc', 'a********'],
    ['s', '********'],
    ['', '********'],
    ['🔑🔑🔑🔑🔑🔑🔑🔑--middle--🔒🔒🔒🔒🔒', '🔑🔑🔑🔑🔑🔑🔑🔑********🔒🔒🔒'],
    ['🔑🔒short', '🔑🔒********'],
  ])('of %j is %j', (plain, masked) => {
    expect(maskKey(plain)).toBe(masked)
  })

  it('shows 12 characters at most, and never more than half of the key, from its two ends', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (plain) => {
        fc.pre(!plain.includes('*'))
        const [first = '', last = ''] = maskKey(plain).split('********', 2)
        const shown = Array.from(first).length + Array.from(last).length
        expect(plain.startsWith(first) && plain.endsWith(last)).toBe(true)
        expect(shown).toBeLessThanOrEqual(Math.min(12, Array.from(plain).length / 2))
      }),
    )
  })
})

describe('the key masker', () => {
  const KEY = 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4='
  const encrypt = createEncrypter(KEY)

  /** A masker over the real decrypter that also says what was decrypted. */
  function counting(maxEntries: number) {
    const decrypt = createDecrypter(KEY)
    const decrypted: (string | null)[] = []
    const mask = createKeyMasker(
      (stored) => {
        decrypted.push(stored)
        return decrypt(stored)
      },
      { maxEntries },
    )
    return { mask, decrypted }
  }

  it('shows a stored key masked, and null for what cannot be decrypted', () => {
    const { mask } = counting(10)
    expect(mask(encrypt('sk-jhiId01234567890123AABB'))).toBe('sk-jhiId********AABB')
    expect(mask('not-a-token')).toBeNull()
    expect(mask(null)).toBeNull()
  })

  it('decrypts a stored key once, readable or not', () => {
    const { mask, decrypted } = counting(10)
    const stored = encrypt('sk-jhiId01234567890123AABB')
    const shown = [stored, 'not-a-token', stored, 'not-a-token'].map(mask)
    expect(shown).toEqual(['sk-jhiId********AABB', null, 'sk-jhiId********AABB', null])
    expect(decrypted).toEqual([stored, 'not-a-token'])
  })

  it('forgets the one not used for longest when it is full', () => {
    const { mask, decrypted } = counting(2)
    const [a, b, c] = ['a', 'b', 'c'].map(encrypt) as [string, string, string]
    for (const stored of [a, b, a, c]) mask(stored)
    decrypted.length = 0
    for (const stored of [a, c, b]) mask(stored)
    expect(decrypted).toEqual([b])
  })

  it('does not remember a text of megabytes', () => {
    const { mask, decrypted } = counting(10)
    const huge = 'A'.repeat(5_000_000)
    expect([mask(huge), mask(huge)]).toEqual([null, null])
    expect(decrypted).toHaveLength(2)
  })
})
