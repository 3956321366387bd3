import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../src/errors.js'
import {
  createStaticTokenMatcher,
  newStaticToken,
  parseAdminTokens,
} from '../../src/session/static-tokens.js'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const HASH_A = sha256('token-a')
const HASH_B = sha256('token-b')

describe('ADMIN_TOKENS', () => {
  it('names tokens with their roles and hashes', () => {
    expect(parseAdminTokens(` alice:admin:${HASH_A} ,\n张伟 2:viewer:${HASH_B.toUpperCase()},`)).toEqual({
      tokens: [
        { name: 'alice', role: 'admin', sha256: HASH_A },
        { name: '张伟 2', role: 'viewer', sha256: HASH_B },
      ],
      problems: [],
    })
  })

  it.each(['', ' ', ',,'])('may be empty: %j', (text) => {
    expect(parseAdminTokens(text)).toEqual({ tokens: [], problems: [] })
  })

  it.each([
    ['no role', `alice:${HASH_A}`, 'must have three parts, name:role:sha256hex.'],
    ['a part too many', `alice:admin:${HASH_A}:x`, 'must have three parts, name:role:sha256hex.'],
    ['only a hash', HASH_A, 'must have three parts, name:role:sha256hex.'],
    ['no name', `:admin:${HASH_A}`, 'has no name.'],
    ['control characters in the name', `al\u001b[31mice:admin:${HASH_A}`, /^has a name that cannot be used/],
    ['a name of 65 characters', `${'a'.repeat(65)}:admin:${HASH_A}`, /^has a name that cannot be used/],
    ['another role', `alice:root:${HASH_A}`, 'has an unknown role; roles are admin and viewer.'],
    ['a role in capitals', `alice:ADMIN:${HASH_A}`, 'has an unknown role; roles are admin and viewer.'],
    ['a short hash', `alice:admin:${HASH_A.slice(1)}`, "must end in the token's SHA-256 as 64 hex digits."],
    ['the token itself', 'alice:admin:token-a', "must end in the token's SHA-256 as 64 hex digits."],
    ['the hash of nothing', `alice:admin:${sha256('')}`, 'holds the SHA-256 of an empty token.'],
  ])('with %s is a problem', (_, entry, problem) => {
    const { tokens, problems } = parseAdminTokens(`ok:admin:${HASH_B},${entry}`)
    expect(tokens.map((token) => token.name)).toEqual(['ok'])
    expect(problems).toEqual([expect.stringMatching(/^Entry 2 of ADMIN_TOKENS /)])
    const said = problems[0]?.replace('Entry 2 of ADMIN_TOKENS ', '')
    if (typeof problem === 'string') expect(said).toBe(problem)
    else expect(said).toMatch(problem)
  })

  it('refuses a name or a token that is used twice', () => {
    const text = `alice:admin:${HASH_A},alice:viewer:${HASH_B},bob:viewer:${HASH_A.toUpperCase()}`
    expect(parseAdminTokens(text)).toEqual({
      tokens: [{ name: 'alice', role: 'admin', sha256: HASH_A }],
      problems: [
        'Entry 2 of ADMIN_TOKENS has the name of an earlier entry.',
        'Entry 3 of ADMIN_TOKENS has the token of an earlier entry.',
      ],
    })
  })

  it('reports every problem of every entry at once', () => {
    expect(parseAdminTokens(':root:x,alice').problems).toHaveLength(4)
  })

  it('never quotes an entry, whatever is in the wrong place', () => {
    const secrets = [HASH_A, 'plain-secret-token']
    const texts = secrets.flatMap((secret) => [
      secret,
      `${secret}:admin:alice`,
      `alice:${secret}:admin`,
      `alice:admin:${secret}x`,
      `alice admin ${secret}`,
      `a:b:c:${secret}`,
    ])
    for (const text of texts) {
      const { problems } = parseAdminTokens(text)
      expect(problems).not.toEqual([])
      for (const secret of secrets) expect(problems.join('\n')).not.toContain(secret)
    }
  })
})

describe('a presented token', () => {
  const { tokens } = parseAdminTokens(`alice:admin:${HASH_A},bob:viewer:${HASH_B}`)
  const match = createStaticTokenMatcher(tokens)

  it('is known by its hash', () => {
    expect(match('token-a')?.name).toBe('alice')
    expect(match('token-b')?.name).toBe('bob')
  })

  it.each(['', 'token-A', 'token-a ', 'token', HASH_A, `alice:admin:${HASH_A}`])(
    '%j is not known',
    (text) => {
      expect(match(text)).toBeUndefined()
    },
  )

  it('is not known where no token is set', () => {
    expect(createStaticTokenMatcher([])('')).toBeUndefined()
  })
})

describe('a new token', () => {
  it('is known by the entry that is made with it', () => {
    const { token, entry } = newStaticToken('ci', 'viewer')
    const { tokens, problems } = parseAdminTokens(entry)
    expect(problems).toEqual([])
    expect(createStaticTokenMatcher(tokens)(token)).toMatchObject({ name: 'ci', role: 'viewer' })
  })

  it('has 32 random bytes, which its entry does not hold', () => {
    const { token, entry } = newStaticToken('ci', 'viewer')
    expect(token).toMatch(/^aql_[\w-]{43}$/)
    expect(entry).not.toContain(token.slice(4))
    expect(newStaticToken('ci', 'viewer').token).not.toBe(token)
  })

  it.each(['', 'a:b', 'a,b', ' a', 'a ', 'a\n'])('cannot be named %j', (name) => {
    expect(() => newStaticToken(name, 'admin')).toThrow(InvalidInputError)
  })
})
