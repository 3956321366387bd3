import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { isGlobalModelId } from '../../src/affinities/affinity-record.js'
import { cacheAffinity } from '../../src/affinities/families/cache-affinity.js'
import { scanPattern } from '../../src/redis/scan.js'
import { jwtBlacklistKey } from '../../src/session/token-blacklist.js'
import { type RedisServer, startRedis } from '../support/servers/redis.js'

/** Pieces that a careless codec or pattern would trip over. */
const NASTY = [
  '*',
  '?',
  '[',
  ']',
  '\\',
  '/',
  ' ',
  '^',
  '-',
  '{',
  '}',
  '\n',
  '\0',
  '模型',
  'ë',
  '😀',
  '__proto__',
]
const piece = fc.oneof(fc.constantFrom(...NASTY, ':'), fc.string({ unit: 'binary', maxLength: 6 }))
const anyText = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''))
const withoutColon = anyText.map((text) => text.replaceAll(':', ''))
const withColon = fc.tuple(withoutColon, withoutColon).map((halves) => halves.join(':'))

describe('the affinity key', () => {
  it('is the prefix, the API key id, the format and the model, with colons between', () => {
    expect(cacheAffinity.encode({ affinityKey: 'key-1', apiFormat: 'CLAUDE', modelId: 'llama3:8b' })).toBe(
      'cache_affinity:key-1:CLAUDE:llama3:8b',
    )
  })

  it('is split at its first two colons only, since model names contain colons', () => {
    expect(cacheAffinity.decode('cache_affinity:key-1:CLAUDE:a:b::c')).toEqual({
      affinityKey: 'key-1',
      apiFormat: 'CLAUDE',
      modelId: 'a:b::c',
    })
  })

  it('gives back any components as they were', () => {
    fc.assert(
      fc.property(withoutColon, withoutColon, anyText, (affinityKey, apiFormat, modelId) => {
        const identity = { affinityKey, apiFormat, modelId }
        expect(cacheAffinity.decode(cacheAffinity.encode(identity))).toEqual(identity)
      }),
    )
  })

  it('gives back any key of the family that can be decoded', () => {
    fc.assert(
      fc.property(withoutColon, withoutColon, anyText, (affinityKey, apiFormat, modelId) => {
        const key = `${cacheAffinity.prefix}${affinityKey}:${apiFormat}:${modelId}`
        const identity = cacheAffinity.decode(key)
        expect(identity && cacheAffinity.encode(identity)).toBe(key)
      }),
    )
  })

  it('is never made of an API key id with a colon, which would name another record', () => {
    fc.assert(
      fc.property(withColon, anyText, anyText, (affinityKey, apiFormat, modelId) => {
        expect(() => cacheAffinity.encode({ affinityKey, apiFormat, modelId })).toThrow(
          expect.objectContaining({ code: 'INVALID_INPUT', field: 'affinityKey' }),
        )
      }),
    )
  })

  it('is not to be confused with keys of other families', () => {
    for (const key of [
      '',
      'cache_affinity',
      'cache_affinity:',
      'cache_affinity:only-a-key',
      'cache_affinity:key:CLAUDE',
      'cache_affinityX:key:CLAUDE:model',
      'scheduler_affinity:v2:key:CLAUDE:model:claude-code:5f2c',
      'CACHE_AFFINITY:key:CLAUDE:model',
    ]) {
      expect(cacheAffinity.decode(key), key).toBeUndefined()
    }
  })

  it('can be asked of any string, surrogate halves included, without an error', () => {
    const anyString = fc.string({
      unit: fc.integer({ min: 0, max: 0xffff }).map((c) => String.fromCharCode(c)),
    })
    fc.assert(
      fc.property(
        fc.constantFrom('', cacheAffinity.prefix, `${cacheAffinity.prefix}a:b:`),
        anyString,
        (prefix, rest) => {
          const identity = cacheAffinity.decode(prefix + rest)
          if (identity) expect(cacheAffinity.encode(identity)).toBe(prefix + rest)
        },
      ),
    )
  })
})

describe('the other keys', () => {
  it('put the hash of a revoked token behind jwt:blacklist:', () => {
    expect(jwtBlacklistKey('ab12')).toBe('jwt:blacklist:ab12')
  })

  it('tell the id of a global model from a raw model name', () => {
    expect(isGlobalModelId('7fca03f3-f623-40eb-8c95-d3836c8fe994')).toBe(true)
    expect(isGlobalModelId('7FCA03F3-F623-40EB-8C95-D3836C8FE994')).toBe(true)
    for (const name of ['claude-sonnet-4-5', 'llama3:8b', '', '7fca03f3-f623-40eb-8c95-d3836c8fe994:8b'])
      expect(isGlobalModelId(name), name).toBe(false)
  })
})

describe('a SCAN pattern, in a real Redis', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  beforeEach(() => redis.flushall())
  afterAll(() => server.stop())

  const scanAll = async (prefix: string): Promise<string[]> => {
    const [cursor, keys] = await redis.scan('0', 'MATCH', scanPattern(prefix), 'COUNT', 10_000)
    expect(cursor).toBe('0')
    return keys.sort()
  }

  it('takes every glob character of its prefix literally', async () => {
    for (const prefix of ['a*', 'a?', 'a[b-d]', 'a[^b]', 'a\\', 'a\\*', '[', ']', '*', '?']) {
      await redis.flushall()
      await redis.mset(
        `${prefix}1`,
        '',
        prefix,
        '',
        'ab1',
        '',
        'a1',
        '',
        'ac',
        '',
        'b',
        '',
        `x${prefix}1`,
        '',
      )
      expect(await scanAll(prefix), prefix).toEqual([prefix, `${prefix}1`].sort())
    }
  })

  it('matches the keys that begin with its prefix, and no other', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, fc.array(anyText, { maxLength: 8 }), async (prefix, texts) => {
        const keys = [...new Set([...texts, ...texts.map((text) => prefix + text), prefix])]
        await redis.flushall()
        await redis.mset(...keys.flatMap((key) => [key, '']))
        expect(await scanAll(prefix)).toEqual(keys.filter((key) => key.startsWith(prefix)).sort())
      }),
      { numRuns: 200 },
    )
  })
})
