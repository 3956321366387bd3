import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { FAMILIES } from '../../src/affinities/families/index.js'

/** What a stored affinity is, as a schema says it. */
const unixSeconds = z.number().min(0).max(253_402_300_799)
const schema = z.object({
  provider_id: z.string(),
  endpoint_id: z.string(),
  key_id: z.string(),
  created_at: unixSeconds,
  expire_at: unixSeconds,
  request_count: z
    .number()
    .int()
    .min(0)
    .transform((count) => Math.min(count, 2 ** 31 - 1)),
})

/** JSON texts at the borders; `1e999` reads as Infinity. */
const literal = fc.constantFrom(
  ...['0', '-0', '-1', '0.5', '1.0', '1e3', '1e999', '-1e999', '2147483647', '2147483648'],
  ...['9007199254740991', '9007199254740992', '1e20', '253402300799', '253402300799.5', '253402300800'],
  ...['null', 'true', '""', '"1"', '[]', '{}', '["p"]', '{"toString":1}'],
)
const anyValue = fc.oneof(literal, fc.json({ maxDepth: 2 }))
const id = fc.string().map((text) => JSON.stringify(text))
const instant = fc.double({ min: 0, max: 253_402_300_799, noNaN: true }).map(String)
const count = fc.nat().map(String)
const or = (usual: fc.Arbitrary<string>) =>
  fc.oneof({ weight: 6, arbitrary: usual }, { weight: 1, arbitrary: anyValue })

const fields = fc.record(
  {
    provider_id: or(id),
    endpoint_id: or(id),
    key_id: or(id),
    created_at: or(fc.oneof(instant, literal)),
    expire_at: or(fc.oneof(instant, literal)),
    request_count: or(fc.oneof(count, literal)),
    ['__proto__']: or(fc.constant('{"provider_id":"p","request_count":1}')),
    other: anyValue,
  },
  { requiredKeys: [] },
)
const complete = fc.record({
  provider_id: or(id),
  endpoint_id: or(id),
  key_id: or(id),
  created_at: fc.oneof(instant, literal),
  expire_at: fc.oneof(instant, literal),
  request_count: fc.oneof(count, literal),
})
const objectText = fc
  .oneof(fields, complete, complete)
  .map((entries) => `{${Object.entries(entries).map(([name, text]) => `${JSON.stringify(name)}:${text}`)}}`)
const text = fc.oneof(
  { weight: 4, arbitrary: objectText },
  { weight: 1, arbitrary: objectText.map((inner) => `[${inner}]`) },
  { weight: 1, arbitrary: anyValue },
)

const KEY = 'cache_affinity:a:OPENAI:llama3:8b'

describe('a stored value is read as the schema says', () => {
  it('whatever JSON it is', () => {
    let read = 0
    fc.assert(
      fc.property(text, (value) => {
        const expected = schema.safeParse(JSON.parse(value))
        const parsed = FAMILIES.parse(KEY, value)
        if (!expected.success) {
          expect(parsed).toEqual({ broken: 'not an affinity' })
          return
        }
        read += 1
        expect(parsed).toEqual({
          record: {
            key: KEY,
            affinityKey: 'a',
            apiFormat: 'OPENAI',
            modelId: 'llama3:8b',
            providerId: expected.data.provider_id,
            endpointId: expected.data.endpoint_id,
            providerKeyId: expected.data.key_id,
            family: 'cache_affinity',
            requestCount: expected.data.request_count,
            createdAt: expected.data.created_at,
            expiresAt: expected.data.expire_at,
            writtenExpiry: expected.data.expire_at,
          },
        })
      }),
      { numRuns: 3_000 },
    )
    // Otherwise it would say nothing about what is accepted.
    expect(read).toBeGreaterThan(100)
  })
})
