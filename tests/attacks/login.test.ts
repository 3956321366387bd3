import { hashSync } from '@node-rs/bcrypt'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { FIXTURE_ADMIN } from '../support/fixtures.js'
import { psql } from '../support/servers/postgres.js'
import { expectRefusal, post, repeat } from './support.js'

// Failures are counted for a minute: each test has a service of its own.
let service: TestApp
beforeEach(async () => {
  service = await startTestApp({ redis: 'empty' })
})
afterEach(() => service.close())

const LOGIN = `mutation($email: String!, $password: String!) {
  login(email: $email, password: $password) { __typename ... on InvalidCredentialsError { message } }
}`

/** `InvalidCredentialsError`, `Session`, or the code of the refusal. */
async function login(email: string, password: string, clientAddress = '192.0.2.1'): Promise<string> {
  const { data, errors } = await service.query(LOGIN, { email, password }, { token: null, clientAddress })
  return data?.login?.__typename ?? String(errors[0]?.extensions['code'])
}

const { email, password } = FIXTURE_ADMIN

describe('guessing passwords', () => {
  it('thirty at a time by aliases, five are looked at: the right one among the others is not found', async () => {
    const guesses = repeat(30, (i) => {
      const guess = i === 29 ? password : `guess ${i}`
      return `g${i}: login(email: "${email}", password: "${guess}") { __typename }`
    })
    const { data, errors } = await service.query(`mutation { ${guesses} }`, {}, { token: null })
    expect(JSON.stringify(data)).not.toContain('Session')
    expect(errors.map(({ extensions }) => extensions['code'])).toContain('RATE_LIMITED')
    expect(await login(email, password)).toBe('RATE_LIMITED')
  })

  it('more than thirty at a time is refused as a document', async () => {
    const guesses = repeat(31, (i) => `g${i}: login(email: "${email}", password: "${i}") { __typename }`)
    expectRefusal(
      await post(service.app, `mutation { ${guesses} }`, undefined, { token: null }),
      'GRAPHQL_VALIDATION_FAILED',
    )
    expect(await login(email, password)).toBe('Session')
  })

  it('of one account from many addresses ends after five', async () => {
    const outcomes: string[] = []
    for (let i = 0; i < 7; i++) outcomes.push(await login(email, `guess ${i}`, `192.0.2.${i}`))
    expect(outcomes.filter((outcome) => outcome === 'InvalidCredentialsError')).toHaveLength(5)
    expect(await login(email, password, '192.0.2.99')).toBe('RATE_LIMITED')
  })

  it('of one account under other spellings ends after five', async () => {
    const spellings = [
      email,
      email.toUpperCase(),
      ` ${email}`,
      `${email}\t`,
      'Root@Example.com',
      email,
      email,
    ]
    const outcomes: string[] = []
    for (const [i, spelling] of spellings.entries())
      outcomes.push(await login(spelling, 'wrong', `192.0.2.${i}`))
    expect(outcomes.filter((outcome) => outcome === 'InvalidCredentialsError')).toHaveLength(5)
  })

  it('of many accounts from one address ends after five', async () => {
    const outcomes: string[] = []
    for (let i = 0; i < 7; i++) outcomes.push(await login(`user${i}@example.com`, 'wrong'))
    expect(outcomes.filter((outcome) => outcome === 'InvalidCredentialsError')).toHaveLength(5)
  })

  it('from many addresses of one IPv6 network ends after five', async () => {
    const outcomes: string[] = []
    for (let i = 0; i < 7; i++)
      outcomes.push(await login(`user${i}@example.com`, 'wrong', `2001:db8::${i + 1}`))
    expect(outcomes.filter((outcome) => outcome === 'InvalidCredentialsError')).toHaveLength(5)
  })

  it('says when to try again', async () => {
    for (let i = 0; i < 5; i++) await login(email, 'wrong')
    const reply = await post(service.app, LOGIN, { email, password: 'wrong' }, { token: null })
    const again = await post(service.app, LOGIN, { email, password: 'wrong' }, { token: null })
    expectRefusal(again, 'RATE_LIMITED')
    expect(Number(reply.headers.get('retry-after') ?? again.headers.get('retry-after'))).toBeGreaterThan(0)
  })
})

describe('an unknown account', () => {
  it('is answered in the same words as a wrong password, a user who is no admin and one who may not sign in', async () => {
    psql(service.databaseUrl, `UPDATE users SET is_active = false WHERE username = 'carol'`)
    const carol = { email: 'carol3@example.com', password: 'pw-carol' }
    const answers = await Promise.all(
      [
        ['nobody@example.com', password],
        [email, 'wrong'],
        ['alice1@example.com', 'wrong'],
        [carol.email, carol.password],
      ].map(([who, what]) => service.query(LOGIN, { email: who, password: what }, { token: null })),
    )
    expect(new Set(answers.map(({ data }) => JSON.stringify(data))).size).toBe(1)
    expect(answers[0]?.data.login.__typename).toBe('InvalidCredentialsError')
  })

  // Both do one comparison of some 60 ms; a shortcut for unknown accounts would take 1 or 2. The medians of 15 each,
  // taken in turn, are compared with a factor of two to spare.
  it('takes as long as a known one', async () => {
    psql(service.databaseUrl, `UPDATE users SET password_hash = '${hashSync('secret', 10)}'`)
    const emails = psql(service.databaseUrl, 'SELECT email FROM users').trim().split('\n').slice(0, 15)
    const took: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] }
    await login('warm-up@example.com', 'wrong', '198.51.100.1')
    for (const [i, known] of emails.entries()) {
      for (const [kind, who] of [
        ['known', known],
        ['unknown', `nobody${i}@example.com`],
      ] as const) {
        const startedAt = performance.now()
        expect(await login(who, 'wrong', `203.0.${kind === 'known' ? 113 : 114}.${i}`)).toBe(
          'InvalidCredentialsError',
        )
        took[kind].push(performance.now() - startedAt)
      }
    }
    const median = (times: number[]) => times.toSorted((a, b) => a - b)[7] ?? 0
    const ratio = median(took.unknown) / median(took.known)
    expect(ratio).toBeGreaterThan(0.5)
    expect(ratio).toBeLessThan(2)
  })
})

describe('what is no email or no password', () => {
  it.each([
    ['an object for the password', { email, password: { $ne: null } }],
    ['a list for the password', { email, password: [password] }],
    ['a number for the password', { email, password: 1 }],
    ['null for the password', { email, password: null }],
    ['an object for the email', { email: { contains: '' }, password }],
  ])('%s is refused before it is looked at', async (_, variables) => {
    expectRefusal(await post(service.app, LOGIN, variables, { token: null }), 'BAD_USER_INPUT')
  })

  it.each([
    ['SQL in the email', "' OR role = 'admin' --"],
    ['a pattern for the email', '%@example.com'],
    ['a NUL in the email', `${email}\0`],
    ['half a character in the email', `${email}\ud800`],
    ['an email of 90,000 characters', `${'x'.repeat(90_000)}@example.com`],
    ['a user id for the email', FIXTURE_ADMIN.id],
  ])('%s matches no account', async (_, who) => {
    expect(await login(who, password)).toBe('InvalidCredentialsError')
  })

  it('a username is as good as an email', async () => {
    expect(await login('root', password)).toBe('Session')
  })

  it('a password of 90,000 characters is wrong', async () => {
    expect(await login(email, `${password}${'x'.repeat(90_000)}`)).toBe('InvalidCredentialsError')
  })
})
