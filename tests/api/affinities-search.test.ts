import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { fixturePins, type Rows, readRows, sql, userOf } from './affinity-model.js'

const BOB = '244caf9c-4dab-4481-b253-edc618187993'
const BOBS_KEY = '919dcc0f-8ccd-480c-a076-256001b8d526'
const DELETED_KEY = '8ad0e43e-0715-4f4d-9924-1adc3d49bfc9'
const DELETED_PROVIDER = 'ae53fd71-4f59-4861-8a41-937e366f55bf'
const DELETED_PROVIDER_KEY = 'f1775ccb-8d96-423a-8436-f63da0473a24'
const DELETED_MODEL = '4d3382ea-de54-4bbe-a1f6-e255b1ccf398'
const CLAUDE_OPUS = '77105910-102a-4b3d-a71d-cf7d9cb8dff0'
const ANTHROPIC = '42a90167-8c53-4a24-b4e4-2b0c84578881'

const NOW = Date.now()

describe('a search', () => {
  let service: TestApp
  let rows: Rows
  const pins = fixturePins(NOW)
  beforeAll(async () => {
    service = await startTestApp({ now: () => NOW })
    rows = await readRows(service.databaseUrl)
  })
  afterAll(() => service.close())

  const search = async (text: string, filter?: object) => {
    const { data, errors } = await service.query(
      `query ($search: String, $filter: AffinityFilter) { affinities(first: 1000, search: $search, filter: $filter) {
        totalCount matchedUser { id username } matchedApiKey { id name } nodes { affinityKey user { id } } } }`,
      { search: text, filter },
    )
    expect(errors).toEqual([])
    return data.affinities
  }
  const count = async (text: string) => {
    const found = await search(text)
    expect(found.matchedUser).toBeNull()
    expect(found.matchedApiKey).toBeNull()
    expect(found.nodes).toHaveLength(found.totalCount)
    return found.totalCount
  }
  const ownedBy = (username: string) =>
    pins.filter((pin) => userOf(pin, rows)?.['username'] === username).length

  describe('that names exactly one', () => {
    it('user by id, username or email, gives that user’s records and says whose they are', async () => {
      for (const text of [BOB, 'bob', 'bob2@example.com', '  bob\n']) {
        const { totalCount, matchedUser, matchedApiKey, nodes } = await search(text)
        expect(totalCount, text).toBe(30)
        expect(matchedUser).toEqual({ id: BOB, username: 'bob' })
        expect(matchedApiKey).toBeNull()
        for (const node of nodes) expect(node.user.id).toBe(BOB)
      }
    })

    it('API key by id, gives that key’s records, the key and its user', async () => {
      const { totalCount, matchedUser, matchedApiKey, nodes } = await search(BOBS_KEY)
      expect(totalCount).toBe(pins.filter(({ affinityKey }) => affinityKey === BOBS_KEY).length)
      expect(matchedApiKey).toEqual({ id: BOBS_KEY, name: 'bob-key-4' })
      expect(matchedUser).toEqual({ id: BOB, username: 'bob' })
      for (const node of nodes) expect(node.affinityKey).toBe(BOBS_KEY)
    })

    it.each(['张伟', 'zoë', "o'brien", '100%_real', 'under_score'])('user named %s', async (username) => {
      const { totalCount, matchedUser } = await search(username)
      expect(matchedUser.username).toBe(username)
      expect(totalCount).toBe(ownedBy(username))
    })

    it('user without any record, gives none of the records and still the user', async () => {
      expect(await search('alice')).toMatchObject({
        totalCount: 0,
        nodes: [],
        matchedUser: { username: 'alice' },
      })
    })

    it('user and comes with a filter, gives what both leave', async () => {
      const both = await search('bob', { affinityKey: BOBS_KEY })
      expect(both.totalCount).toBe(pins.filter(({ affinityKey }) => affinityKey === BOBS_KEY).length)
      expect((await search('bob', { affinityKey: DELETED_KEY })).totalCount).toBe(0)
      expect((await search('bob', { userId: BOB })).totalCount).toBe(30)
      expect((await search(BOBS_KEY, { userId: 'nobody' })).totalCount).toBe(0)
    })
  })

  describe('that names nobody exactly, finds parts of', () => {
    it('an API key’s id and name', async () => {
      expect(await count(BOBS_KEY.slice(0, 13))).toBe(
        pins.filter(({ affinityKey }) => affinityKey === BOBS_KEY).length,
      )
      expect(await count('BOB-key-4')).toBe(pins.filter(({ affinityKey }) => affinityKey === BOBS_KEY).length)
    })

    it('a user’s id, username and email', async () => {
      expect(await count(BOB.slice(0, 13))).toBe(30)
      expect(await count('yuanhong')).toBe(ownedBy('yuanhonghu'))
      expect(await count('bob2@')).toBe(30)
    })

    it('a provider’s id and name', async () => {
      expect(await count(ANTHROPIC)).toBe(107)
      expect(await count(ANTHROPIC.slice(9))).toBe(107)
      expect(await count('siliconfl')).toBe(104)
    })

    it('a provider key’s id and name', async () => {
      const [pin] = pins
      const name = String(rows.provider_api_keys.get(pin?.providerKeyId ?? '')?.['name'])
      const expected = pins.filter(({ providerKeyId }) =>
        String(rows.provider_api_keys.get(providerKeyId)?.['name']).includes(name),
      ).length
      expect(expected).toBeGreaterThan(0)
      expect(await count(name.toUpperCase())).toBe(expected)
      expect(await count(pin?.providerKeyId ?? '')).toBe(
        pins.filter(({ providerKeyId }) => providerKeyId === pin?.providerKeyId).length,
      )
    })

    it('a model’s id and name, or its raw name in older records', async () => {
      expect(await count(CLAUDE_OPUS)).toBe(62)
      expect(await count('Claude-OPUS')).toBe(62)
      expect(await count('LLAMA3:8b')).toBe(1)
      expect(await count('模型/')).toBe(1)
    })

    it('ids whose rows have been deleted, whole or in part', async () => {
      for (const id of [DELETED_KEY, DELETED_PROVIDER, DELETED_PROVIDER_KEY, DELETED_MODEL]) {
        expect(await count(id), id).toBe(1)
        expect(await count(id.slice(3, 30).toUpperCase()), id).toBe(1)
      }
    })

    it('nothing where nothing has the text', async () => {
      expect(await count('no such thing')).toBe(0)
    })

    it('neither display names nor endpoints nor API formats', async () => {
      expect(await count('硅基流动')).toBe(0)
      expect(await count('Retired Relay')).toBe(0)
      expect(await count(pins[0]?.endpointId ?? '')).toBe(0)
      expect(await count('OPENAI_CLI')).toBe(0)
    })
  })

  describe('finds parts whatever their case,', () => {
    it('in ASCII', async () => {
      expect(await count('BOB')).toBe(await count('boB'))
      expect(await count('BOB')).toBeGreaterThanOrEqual(30)
      expect(await count("O'BRIEN")).toBe(ownedBy("o'brien"))
    })

    it('and in any other script', async () => {
      for (const text of ['ZOË', 'Zoë', 'OË', 'ë', 'Ë']) expect(await count(text), text).toBe(ownedBy('zoë'))
      expect(await count('张')).toBe(ownedBy('张伟'))
      expect(await count('伟-KEY')).toBe(ownedBy('张伟'))
    })

    it('accents are not left out: zoe is not zoë', async () => {
      expect(await count('zoe')).toBe(0)
    })

    it('Greek capitals included, whose final letter has two small forms', async () => {
      const name = (text: string) =>
        sql(service.databaseUrl, 'UPDATE api_keys SET name = $1 WHERE id = $2', [text, BOBS_KEY])
      const expected = pins.filter(({ affinityKey }) => affinityKey === BOBS_KEY).length
      for (const [stored, wanted] of [
        ['νικοσπαπ', 'ΝΙΚΟΣ'],
        ['ΝΙΚΟΣΠΑΠ', 'νικοσ'],
        ['Νίκος', 'ΝΊΚΟΣ'],
        ['ПРИВЕТ', 'привет'],
        ['νίκος', 'ΝΊΚΟΣ'],
        ['straße', 'STRAßE'],
      ] as const) {
        await name(stored)
        expect(await count(wanted), `${stored} / ${wanted}`).toBe(expected)
      }
      await name('bob-key-4')
    })
  })

  describe('takes as plain text', () => {
    // Each is a wildcard, an escape or a quote of some language between here and the rows.
    it('the wildcards and the escape of LIKE', async () => {
      expect(await count('%')).toBe(ownedBy('100%_real'))
      expect(await count('0%_r')).toBe(ownedBy('100%_real'))
      expect(await count('100__real')).toBe(0)
      expect(await count('_')).toBe(ownedBy('100%_real') + ownedBy('under_score'))
      expect(await count('under%score')).toBe(0)
      expect(await count('underXscore')).toBe(0)
      expect(await count('r_s')).toBe(ownedBy('under_score'))
      expect(await count('\\')).toBe(1)
      expect(await count('\\n')).toBe(1)
      expect(await count('\\_')).toBe(0)
      expect(await count('%\\')).toBe(0)
    })

    it('a backslash in a name of the database', async () => {
      const rename = (name: string) =>
        sql(service.databaseUrl, 'UPDATE api_keys SET name = $1 WHERE id = $2', [name, BOBS_KEY])
      const expected = pins.filter(({ affinityKey }) => affinityKey === BOBS_KEY).length
      await rename('C:\\keys\\%_\\')
      for (const text of ['C:\\k', 'S\\%_', '_\\', '\\%', '\\keys\\'])
        expect(await count(text), text).toBe(expected)
      expect(await count('C:keys')).toBe(0)
      expect(await count('\\\\')).toBe(0)
      await rename('bob-key-4')
    })

    it('the globs of Redis', async () => {
      expect(await count('weird*[a-z]?\\name')).toBe(1)
      for (const text of ['*', '?', '[a-z]']) expect(await count(text), text).toBe(1)
      expect(await count('weird*name')).toBe(0)
    })

    it('quotes, statements and markup', async () => {
      expect(await count("'")).toBe(ownedBy("o'brien"))
      for (const text of [
        "' OR '1'='1",
        "'; DROP TABLE users; --",
        '"',
        '$1',
        '{}',
        '<script>',
        '__proto__',
        '\ud800',
      ])
        expect(await count(text), text).toBe(0)
      expect(await count('ob')).toBeGreaterThan(0)
    })

    it('non-ASCII letters of no case that the database could fold otherwise', async () => {
      for (const text of ['模', '😀', '\u200b', 'İ', 'ı'])
        expect(await count(text)).toBe(text === '模' ? 1 : 0)
    })
  })

  it('may have 255 characters', async () => {
    expect(await count('x'.repeat(255))).toBe(0)
    expect(await count(`${' '.repeat(300)}llama3:8b`)).toBe(1)
  })

  it.each([
    ['300 characters', 'x'.repeat(300), 'search must be at most 255 characters long.'],
    ['blanks', ' \t\n\u3000', 'search must not be blank.'],
    ['nothing', '', 'search must not be blank.'],
    ['a NUL', 'a\0b', 'search must not contain a NUL character.'],
  ])('of %s is refused in plain words', async (_what, text, message) => {
    const { data, errors } = await service.query(
      'query ($s: String) { affinities(search: $s) { totalCount } }',
      {
        s: text,
      },
    )
    expect(data).toBeNull()
    expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT', field: 'search' } }])
  })
})
