import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../src/errors.js'
import { decodeCursor, encodeCursor, queryFingerprint } from '../../src/resolvers/paging.js'

const QUERY = queryFingerprint(['EXPIRES_AT', 'DESC', [null, {}]])
const position = fc.record({
  value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  key: fc.string({ unit: 'binary' }),
})
const refusal = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return error
  }
}

describe('a cursor', () => {
  it('gives back the place that it was made of', () => {
    fc.assert(
      fc.property(position, (place) => {
        expect(decodeCursor(QUERY, encodeCursor(QUERY, place))).toEqual(place)
      }),
    )
  })

  it('is made of characters that need no escaping in a URL', () => {
    fc.assert(
      fc.property(position, (place) => {
        expect(encodeCursor(QUERY, place)).toMatch(/^[\w-]+$/)
      }),
    )
  })

  it('is refused by any other query', () => {
    const other = queryFingerprint(['EXPIRES_AT', 'DESC', ['alice', {}]])
    const cursor = encodeCursor(other, { value: 1, key: 'k' })
    expect(() => decodeCursor(QUERY, cursor)).toThrow('after is a cursor of another search, filter or order.')
  })

  it('that is any other text is refused as input, and never a crash', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String()), (text) => {
        expect(refusal(() => decodeCursor(QUERY, text))).toBeInstanceOf(InvalidInputError)
      }),
    )
  })

  it('that was forged from any JSON is refused, or is a place', () => {
    const parts = fc.oneof(
      fc.json(),
      fc
        .tuple(fc.constantFrom(1, 2, '1'), fc.constantFrom(QUERY, ''), fc.jsonValue(), fc.jsonValue())
        .map((tuple) => JSON.stringify(tuple)),
      fc.constant(`[1,"${QUERY}",null,"k"]`),
      fc.constant(`[1,"${QUERY}",1,"k",1]`),
    )
    fc.assert(
      fc.property(parts, (json) => {
        const outcome = refusal(() => decodeCursor(QUERY, Buffer.from(json).toString('base64url')))
        if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'INVALID_INPUT', field: 'after' })
        else expect(outcome).toEqual({ value: expect.any(Number), key: expect.any(String) })
      }),
    )
  })

  it('to a place that no record can have is refused', () => {
    const cursor = encodeCursor(QUERY, { value: 1, key: 'k'.repeat(600) })
    expect(() => decodeCursor(QUERY, cursor)).toThrow('after is not a cursor of this service.')
  })

  it('of many thousand characters is refused without being read', () => {
    const cursor = encodeCursor(QUERY, { value: 1, key: 'k'.repeat(100_000) })
    expect(() => decodeCursor(QUERY, cursor)).toThrow('after is not a cursor of this service.')
  })
})
