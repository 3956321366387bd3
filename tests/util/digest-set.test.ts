import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DigestSet } from '../../src/util/digest-set.js'

describe('a set of digests', () => {
  it('tells what is new as a set of texts does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '\0', 'a'))),
        (texts) => {
          const [digests, model] = [new DigestSet(), new Set<string>()]
          for (const text of texts) {
            expect(digests.add(text)).toBe(!model.has(text))
            model.add(text)
            expect(digests.size).toBe(model.size)
          }
        },
      ),
    )
  })

  it('takes 200,000 keys that are much alike for different ones, and each for seen the second time', () => {
    const digests = new DigestSet()
    const keys = Array.from({ length: 200_000 }, (_, n) => `cache_affinity:a-${n}:OPENAI:gpt-5`)
    expect(keys.filter((key) => digests.add(key))).toHaveLength(keys.length)
    expect(keys.filter((key) => digests.add(key))).toEqual([])
  })
})
