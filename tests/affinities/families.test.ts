import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AffinityRecord } from '../../src/affinities/affinity-record.js'
import { sessionHashes } from '../../src/affinities/client-session.js'
import { createFamilies, FAMILIES } from '../../src/affinities/families/index.js'
import vectors from '../fixtures/process-memory/session-hashes.json' with { type: 'json' }
import { jsonlOf, type Mirror, mirrors } from '../support/generations.js'
import { stored } from './affinity-store.contract.js'

const HASH = 'a47daa9671e781e941fe41c1fd65a2115d045c0f02f061b11e8511a512278a79'

/** What a key with a good value is read as, without what only the value holds. */
function read(
  key: string,
  value = stored({ api_format: undefined, model_name: undefined }),
  families = FAMILIES,
) {
  if (!families.of(key)) return 'not ours'
  const parsed = families.parse(key, value)
  if ('broken' in parsed) return parsed.broken
  const { family, affinityKey, apiFormat, modelId, extra } = parsed.record
  return [family, affinityKey, apiFormat, modelId, ...Object.values(extra ?? {})]
}

describe('a key is taken apart', () => {
  it.each([
    // Without the value the longest known format wins, if a model follows it.
    ['cache_affinity:k:openai:chat:llama3:8b', ['cache_affinity', 'k', 'openai:chat', 'llama3:8b']],
    ['cache_affinity:k:openai:responses:compact:m', ['cache_affinity', 'k', 'openai:responses:compact', 'm']],
    ['cache_affinity:k:openai:responses:compact', ['cache_affinity', 'k', 'openai:responses', 'compact']],
    ['cache_affinity:k:openai:responses:compact:', ['cache_affinity', 'k', 'openai:responses', 'compact:']],
    ['cache_affinity:k:openai:chat:', ['cache_affinity', 'k', 'openai', 'chat:']],
    ['cache_affinity:k:openai:chat', ['cache_affinity', 'k', 'openai', 'chat']],
    ['cache_affinity:k:CLAUDE:llama3:8b', ['cache_affinity', 'k', 'CLAUDE', 'llama3:8b']],
    ['cache_affinity:k:acme:chat:m', ['cache_affinity', 'k', 'acme', 'chat:m']],
    ['cache_affinity:k:openai:chatty:m', ['cache_affinity', 'k', 'openai', 'chatty:m']],
    ['scheduler_affinity:k:openai:chat:模型/一', ['scheduler_affinity', 'k', 'openai:chat', '模型/一']],
    ['scheduler_affinity:vv2:a:m', ['scheduler_affinity', 'vv2', 'a', 'm']],
    [
      `scheduler_affinity:v2:k:openai:chat:a?client_family=x:codex:${HASH}`,
      ['scheduler_affinity_v2', 'k', 'openai:chat', 'a?client_family=x', 'codex', HASH],
    ],
    [
      `scheduler_affinity:v2:k:claude:messages:..:unknown:${HASH}`,
      ['scheduler_affinity_v2', 'k', 'claude:messages', '..', 'unknown', HASH],
    ],
    [
      `scheduler_affinity:v2:k:acme:%2e%2e:generic:${HASH}`,
      ['scheduler_affinity_v2', 'k', 'acme', '%2e%2e', 'generic', HASH],
    ],
    [
      `scheduler_affinity:v2:k:openai:chat:weird*[a-z]?\\name:x:${HASH}`,
      ['scheduler_affinity_v2', 'k', 'openai:chat', 'weird*[a-z]?\\name', 'x', HASH],
    ],
    // A model that is nothing but the end of a known format.
    [
      `scheduler_affinity:v2:k:openai:chat:x:${HASH}`,
      ['scheduler_affinity_v2', 'k', 'openai', 'chat', 'x', HASH],
    ],
  ])('%s', (key, parts) => {
    expect(read(key)).toEqual(parts)
  })

  it.each([
    `scheduler_affinity:v2:k:openai:chat:m:codex:${HASH.slice(1)}`,
    `scheduler_affinity:v2:k:openai:chat:m:codex:${HASH}0`,
    `scheduler_affinity:v2:k:openai:chat:m:codex:${HASH.slice(1)}g`,
    `scheduler_affinity:v2:k:openai:chat:m::${HASH}`,
    `scheduler_affinity:v2:k:m:codex:${HASH}`,
    `scheduler_affinity:v2:codex:${HASH}`,
    `scheduler_affinity:v2:${HASH}`,
    'scheduler_affinity:v2:',
    'scheduler_affinity:k:m',
    'scheduler_affinity:',
    'cache_affinity:k:m',
  ])('%s is ours and unreadable', (key) => {
    expect(read(key)).toBe('unknown key form')
  })

  it.each([
    `scheduler_affinity:v3:k:openai:chat:m:codex:${HASH}`,
    'scheduler_affinity:v10:k:m',
    'scheduler_affinity:v2',
    'scheduler_affinity:v3',
    'scheduler_affinity_backup:2026',
    'other:cache_affinity:k:CLAUDE:m',
    'cache_affinity2:k:CLAUDE:m',
  ])('%s is not ours', (key) => {
    expect(read(key)).toBe('not ours')
  })

  it('by its value, where the key is an API key id and what the value says', () => {
    const key = 'cache_affinity:k:acme:chat:m'
    expect(read(key, stored({ api_format: 'acme:chat', model_name: 'm' }))).toEqual([
      'cache_affinity',
      'k',
      'acme:chat',
      'm',
    ])
    expect(read(key, stored({ api_format: 'acme', model_name: 'chat:m' }))).toEqual([
      'cache_affinity',
      'k',
      'acme',
      'chat:m',
    ])
    // A value that contradicts the key says nothing, nor one that would put a colon into the API key id.
    for (const contradiction of [
      { api_format: 'claude:chat', model_name: 'm' },
      { api_format: 'chat', model_name: 'm' },
      { api_format: 'acme:chat', model_name: 7 },
    ]) {
      expect(read(key, stored(contradiction))).toEqual(['cache_affinity', 'k', 'acme', 'chat:m'])
    }
  })

  it('only behind the prefix of the gateway', () => {
    const families = createFamilies('my[*]:')
    expect(families.roots).toEqual(['my[*]:cache_affinity:', 'my[*]:scheduler_affinity:'])
    expect(families.pattern).toBe('my\\[\\*\\]:*_affinity:*')
    expect(read('my[*]:cache_affinity:k:CLAUDE:m', undefined, families)).toEqual([
      'cache_affinity',
      'k',
      'CLAUDE',
      'm',
    ])
    expect(read('cache_affinity:k:CLAUDE:m', undefined, families)).toBe('not ours')
    expect(read(`my[*]:scheduler_affinity:v2:k:openai:chat:m:codex:${HASH}`, undefined, families)).toEqual([
      'scheduler_affinity_v2',
      'k',
      'openai:chat',
      'm',
      'codex',
      HASH,
    ])
  })

  it('and put together again as it was, whatever its parts are', () => {
    const text = fc.string({ unit: 'binary', maxLength: 8 })
    const part = fc.oneof(
      text,
      fc.constantFrom('a:b', 'llama3:8b', '模型/一', '*?[x]\\', 'openai:chat', 'v2', ''),
    )
    const known = fc.constantFrom(
      'openai:responses:compact',
      'openai:chat',
      'CLAUDE',
      'gemini:generate_content',
    )
    const id = fc.stringMatching(/^[0-9a-f-]{1,8}$/)
    const hash = fc.stringMatching(/^[0-9a-f]{64}$/)
    const clientFamily = fc.stringMatching(/^[a-z_]{1,9}$/)
    fc.assert(
      fc.property(
        id,
        known,
        part,
        clientFamily,
        hash,
        (affinityKey, apiFormat, model, family, sessionHash) => {
          // After a known format any model that is not empty comes back, also one that begins like a longer format.
          fc.pre(model !== '' && !(apiFormat === 'openai:chat' && model.startsWith('compact:')))
          const identity = { affinityKey, apiFormat, modelId: model }
          for (const key of FAMILIES.keysOf({ ...identity, extra: { clientFamily: family, sessionHash } })) {
            const decoded = FAMILIES.of(key)?.decode(key)
            expect(decoded, key).toMatchObject(identity)
            expect(decoded && FAMILIES.of(key)?.encode(decoded), key).toBe(key)
          }
        },
      ),
    )
    fc.assert(
      fc.property(fc.constantFrom(...FAMILIES.all), text, part, part, (family, ...parts) => {
        const key = family.prefix + parts.join(':')
        const decoded = FAMILIES.of(key)?.decode(key)
        if (decoded) expect(FAMILIES.of(key)?.encode(decoded)).toBe(key)
      }),
    )
  })
})

describe('the epoch of a record', () => {
  const key = `scheduler_affinity:v2:k:openai:chat:m:codex:${HASH}`
  const epochOf = (epoch: unknown) => {
    const parsed = FAMILIES.parse(key, stored({ scheduler_affinity_epoch: epoch }))
    return 'record' in parsed ? parsed.record.extra?.['epoch'] : parsed.broken
  }

  it('is known if it is an integer, and otherwise hides nothing', () => {
    expect(epochOf(62)).toBe('62')
    for (const other of ['62', 6.5, null, undefined, [62], {}]) expect(epochOf(other)).toBeUndefined()
  })
})

describe('a session is hashed as the gateway does it', () => {
  it.each(vectors.filter(({ id }) => id !== undefined))('$key, version $version', (vector) => {
    const { id = '', agent, account, group, version, hash } = vector
    const scopes = group === undefined ? [] : [{ groupId: group, version: version ?? '' }]
    expect(sessionHashes({ id, agent, account }, scopes)).toContain(hash)
  })

  it('never as another agent’s or another account’s', () => {
    const plain = sessionHashes({ id: 'abc' }, [])
    expect(sessionHashes({ id: 'abc', agent: 'planner' }, [])).not.toEqual(expect.arrayContaining(plain))
    expect(sessionHashes({ id: 'abc', agent: 'a', account: 'b' }, [])).not.toEqual(
      expect.arrayContaining(plain),
    )
  })
})

describe('what the gateways left in Redis is read', () => {
  const recordOf = ({ key, value }: Mirror): AffinityRecord => {
    const parsed = FAMILIES.parse(key, value)
    if ('broken' in parsed) throw new Error(`${key}: ${parsed.broken}`)
    return parsed.record
  }

  it('126 of 126 mirrors of the Rust gateway', () => {
    const records = mirrors('process-memory', 0).map(recordOf)
    expect(records).toHaveLength(126)
    expect(new Set(records.map(({ family }) => family))).toEqual(
      new Set(['scheduler_affinity', 'scheduler_affinity_v2']),
    )
    expect(records.every(({ extra }) => /^\d+$/.test(extra?.['epoch'] ?? ''))).toBe(true)
  })

  it('40 of 40 pins of the newest Python gateway', () => {
    const records = mirrors('provider-keys', 0).map(recordOf)
    expect(records).toHaveLength(40)
    expect(records.filter(({ apiFormat }) => apiFormat.includes(':')).length).toBeGreaterThan(0)
  })

  it.each(['process-memory', 'provider-keys'] as const)('and no other key of %s is taken for one', (name) => {
    const others = jsonlOf(name).filter(({ record }) => record === undefined)
    expect(others.length).toBeGreaterThan(0)
    expect(others.filter(({ key }) => FAMILIES.of(key) !== undefined)).toEqual([])
  })
})
