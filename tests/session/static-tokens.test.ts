import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load-config.js'
import { InvalidInputError } from '../../src/errors.js'
import { createStaticTokenMatcher, newStaticToken } from '../../src/session/static-tokens.js'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('a presented token', () => {
  const tokens = [
    { name: 'alice', role: 'admin', sha256: sha256('token-a') },
    { name: 'bob', role: 'viewer', sha256: sha256('token-b') },
  ] as const
  const match = createStaticTokenMatcher(tokens)

  it('is known by its hash', () => {
    expect(match('token-a')?.name).toBe('alice')
    expect(match('token-b')?.name).toBe('bob')
  })

  it.each(['', 'token-A', 'token-a ', 'token', sha256('token-a'), `alice:admin:${sha256('token-a')}`])(
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
    const { staticTokens } = loadConfig({ ADMIN_TOKENS: entry })
    expect(createStaticTokenMatcher(staticTokens)(token)).toMatchObject({ name: 'ci', role: 'viewer' })
  })

  it('is known by what the service that made it keeps of it', () => {
    const { token, known } = newStaticToken('ci', 'viewer')
    expect(createStaticTokenMatcher([known])(token)).toMatchObject({ name: 'ci', role: 'viewer' })
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
