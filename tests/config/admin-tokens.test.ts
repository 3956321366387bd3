import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load-config.js'
import { problemsOf } from './support.js'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const HASH_A = sha256('token-a')
const HASH_B = sha256('token-b')

const tokensOf = (text: string) => loadConfig({ ADMIN_TOKENS: text }).staticTokens
const said = (text: string) => problemsOf({ ADMIN_TOKENS: text })

describe('ADMIN_TOKENS', () => {
  it('names tokens with their roles and hashes', () => {
    expect(tokensOf(` alice:admin:${HASH_A} ,\n张伟 2:viewer:${HASH_B.toUpperCase()},`)).toEqual([
      { name: 'alice', role: 'admin', sha256: HASH_A },
      { name: '张伟 2', role: 'viewer', sha256: HASH_B },
    ])
  })

  it.each(['', ' ', ',,'])('may be empty: %j', (text) => {
    expect(tokensOf(text)).toEqual([])
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
    const problems = said(`ok:admin:${HASH_B},${entry}`)
    expect(problems).toEqual([expect.stringMatching(/^Entry 2 of ADMIN_TOKENS /)])
    const predicate = problems[0]?.replace('Entry 2 of ADMIN_TOKENS ', '')
    if (typeof problem === 'string') expect(predicate).toBe(problem)
    else expect(predicate).toMatch(problem)
  })

  it('refuses a name or a token that is used twice', () => {
    const text = `alice:admin:${HASH_A},alice:viewer:${HASH_B},bob:viewer:${HASH_A.toUpperCase()}`
    expect(said(text)).toEqual([
      'Entry 2 of ADMIN_TOKENS has the name of an earlier entry.',
      'Entry 3 of ADMIN_TOKENS has the token of an earlier entry.',
    ])
  })

  it('reports every problem of every entry at once', () => {
    expect(said(':root:x,alice')).toHaveLength(4)
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
      const problems = said(text)
      expect(problems).not.toEqual([])
      for (const secret of secrets) expect(problems.join('\n')).not.toContain(secret)
    }
  })
})
