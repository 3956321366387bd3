import { createHash } from 'node:crypto'
import { hashSync } from '@node-rs/bcrypt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { STREAM_LIMITS } from '../../src/util/open-streams.js'
import { ADMIN_TOKENS, startTestApp, VIEWER_TOKEN } from '../support/app.js'
import { FIXTURE_ADMIN } from '../support/fixtures.js'
import { psql } from '../support/servers/postgres.js'
import { type Listening, startListening } from './http.js'
import { GRAPHQL_JSON, repeat } from './support.js'

/** A static token with the name of the fixtures' administrator. */
const NAMESAKE = 'static-token-of-the-name-of-an-account'
const namesake = `root:admin:${createHash('sha256').update(NAMESAKE).digest('hex')}`
const { email, password } = FIXTURE_ADMIN

let server: Listening
beforeAll(async () => {
  server = await startListening({
    redis: 'empty',
    env: { TRUST_PROXY: '1', ADMIN_TOKENS: `${ADMIN_TOKENS},${namesake}` },
  })
  // A comparison of the fixtures' cost takes 0.2 s.
  const cheap = hashSync(password, 4)
  psql(server.service.databaseUrl, `UPDATE users SET password_hash = '${cheap}'`)
})
afterAll(() => server.close())

const LOGIN = `mutation ($email: String!, $password: String!) {
  login(email: $email, password: $password) { __typename ... on Session { token } }
}`

/** Signs in as a client at this address; answers with what came of it and the seconds to wait. */
async function signIn(address: string, account: string, word: string) {
  const { headers, text } = await server.send({
    body: JSON.stringify({ query: LOGIN, variables: { email: account, password: word } }),
    token: null,
    headers: { 'content-type': 'application/json', accept: GRAPHQL_JSON, 'x-forwarded-for': address },
  })
  const { data, errors } = JSON.parse(text)
  return {
    outcome: String(data?.login?.__typename ?? errors[0].extensions.code),
    token: String(data?.login?.token),
    retryAfter: headers.get('retry-after'),
  }
}

const HOME = '198.51.100.7'

describe('an administrator with the right password', () => {
  it('signs in from a known network whatever others guess, also after a restart', async () => {
    expect((await signIn(HOME, email, password)).outcome).toBe('Session')
    for (let i = 0; i < 7; i += 1) await signIn(`203.0.113.${i}`, email, `guess ${i}`)
    for (let i = 0; i < 7; i += 1) await signIn(HOME, `user${i}@example.com`, `guess ${i}`)
    expect((await signIn('192.0.2.1', email, password)).outcome).toBe('RATE_LIMITED')
    expect((await signIn(HOME, email, password)).outcome).toBe('Session')

    const restarted = await startTestApp({
      redis: 'empty',
      env: { DATABASE_URL: server.service.databaseUrl },
    })
    const ask = async (clientAddress: string, word: string) =>
      (await restarted.query(LOGIN, { email, password: word }, { token: null, clientAddress })).data?.login
    for (let i = 0; i < 7; i += 1) await ask(`203.0.113.${i}`, `guess ${i}`)
    expect(await ask('192.0.2.1', password)).toBeUndefined()
    expect(await ask(HOME, password)).toMatchObject({ __typename: 'Session' })
    await restarted.close()
  })

  it('signs in beside 200 guesses at once from one IPv6 /48, of which twenty at most are compared', async () => {
    const guesses = Array.from({ length: 200 }, (_, i) =>
      signIn(`2001:db8:7:${i.toString(16)}::1`, `user${i}@example.org`, 'guess'),
    )
    expect((await signIn(HOME, email, password)).outcome).toBe('Session')
    const answers = await Promise.all(guesses)
    const compared = answers.filter(({ outcome }) => outcome === 'InvalidCredentialsError')
    expect(compared.length).toBeGreaterThan(0)
    expect(compared.length).toBeLessThanOrEqual(20)
    const refused = answers.filter(({ outcome }) => outcome === 'RATE_LIMITED')
    expect(compared.length + refused.length).toBe(200)
    for (const { retryAfter } of refused) expect(Number(retryAfter)).toBeGreaterThan(0)
  })
})

describe('the audit', () => {
  it('has what was typed at a failed sign-in as its target, and nobody as its actor', async () => {
    await signIn('192.0.2.77', 'root', 'guess')
    const { text } = await server.post(
      '{ auditEvents(first: 1, action: "admin_login") { nodes { actorName actor { id } targetId success } } }',
    )
    expect(JSON.parse(text).data.auditEvents.nodes).toEqual([
      { actorName: '', actor: null, targetId: 'root', success: false },
    ])
  })

  it('has one short row for all clears of a minute that are refused to a viewer’s token', async () => {
    // JSON writes these texts in six times their length.
    const long = '\u0001'.repeat(1_000)
    const clear = (i: number) =>
      `c${i}: clearAffinities(filter: { userId: "${i}", modelId: $long, apiFormat: $long }) { __typename }`
    const document = `mutation ($long: String!) { ${repeat(5, clear)} }`
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => server.post(document, { long }, VIEWER_TOKEN)),
    )
    for (const { text } of answers) expect(text).toContain('FORBIDDEN')
    const rows = psql(
      server.service.databaseUrl,
      `SELECT length(event_metadata::text) FROM audit_logs WHERE description = 'clearAffinities via affinityql'`,
    )
    expect(rows.trim().split('\n')).toHaveLength(1)
    expect(Number(rows)).toBeLessThan(4_000)
  })
})

describe('a static token and an account of one name', () => {
  it('have their own number of subscriptions', async () => {
    const cut = new AbortController()
    const open = (token: string) =>
      fetch(`${server.url}/graphql`, {
        method: 'POST',
        signal: cut.signal,
        headers: {
          'content-type': 'application/json',
          accept: 'text/event-stream',
          authorization: `Bearer ${token}`,
        },
        body: JSON.stringify({ query: 'subscription { cacheStats(intervalSeconds: 60) { storageType } }' }),
      })
    const said = async (response: Response) => {
      const { value } = (await response.body?.getReader().read()) ?? {}
      return new TextDecoder().decode(value)
    }
    await Promise.all(Array.from({ length: STREAM_LIMITS.perViewer }, () => open(NAMESAKE)))
    expect(await said(await open(NAMESAKE))).toContain('RATE_LIMITED')
    const { token } = await signIn(HOME, email, password)
    expect(await said(await open(token))).toContain('storageType')
    cut.abort()
  })
})
