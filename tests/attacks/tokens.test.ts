import { createHash, createHmac } from 'node:crypto'
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, startTestApp, type TestApp, VIEWER_TOKEN } from '../support/app.js'
import { FIXTURE_ADMIN, FIXTURE_SECRETS } from '../support/fixtures.js'
import { psql } from '../support/servers/postgres.js'
import { ROOT_FIELDS } from './root-fields.js'
import { beginningOf, codesOf, expectRefusal, openEvents, post, send } from './support.js'

let service: TestApp
beforeAll(async () => {
  service = await startTestApp()
})
afterAll(() => service.close())

const ALICE = '73ab4876-7734-47c1-87fd-e805ec99108d'
const inAnHour = () => Math.floor(Date.now() / 1_000) + 3_600
const claims = (more: JWTPayload = {}): JWTPayload => ({
  user_id: FIXTURE_ADMIN.id,
  type: 'access',
  exp: inAnHour(),
  ...more,
})
const signed = (
  payload: JWTPayload,
  { alg = 'HS256', secret = FIXTURE_SECRETS.jwtSecret as string } = {},
): Promise<string> => new SignJWT(payload).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret))
/** Signs a token by hand with any algorithm and the gateway's own key, which no library would do. */
function byHand(alg: string, hash: string): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg, typ: 'JWT' })}.${part(claims())}`
  return `${text}.${createHmac(hash, FIXTURE_SECRETS.jwtSecret).update(text).digest('base64url')}`
}
const without = (claim: string): JWTPayload => {
  const { [claim]: _, ...rest } = claims()
  return rest
}

const WHO = '{ viewer { name role } }'
const ask = (token: string | null, query = WHO) => post(service.app, query, undefined, { token })

describe('a token', () => {
  it('of the gateway for an administrator is accepted', async () => {
    const root = '{"data":{"viewer":{"name":"root","role":"ADMIN"}}}'
    expect((await ask(await signed(claims()))).text).toBe(root)
    expect((await ask(byHand('HS256', 'sha256'))).text).toBe(root)
  })

  it.each<[string, () => Promise<string> | string]>([
    ['signed by nobody (alg none)', () => new UnsecuredJWT(claims()).encode()],
    ['of HS384 with the same key', () => byHand('HS384', 'sha384')],
    ['of HS512 with the same key', () => byHand('HS512', 'sha512')],
    ['of HS256 that calls itself HS512', () => byHand('HS512', 'sha256')],
    ['of RS256 that is an HMAC', () => byHand('RS256', 'sha256')],
    ['of hs256, as nobody writes it', () => byHand('hs256', 'sha256')],
    ['of another key', () => signed(claims(), { secret: 'another-jwt-secret' })],
    ['of the encryption key', () => signed(claims(), { secret: FIXTURE_SECRETS.encryptionKey })],
    ['of an empty key', async () => `${(await signed(claims())).split('.').slice(0, 2).join('.')}.`],
    ['that has expired', () => signed(claims({ exp: inAnHour() - 7_200 }))],
    ['that is not valid yet', () => signed(claims({ nbf: inAnHour() - 60 }))],
    ['that never expires', () => signed(without('exp'))],
    ['for a refresh', () => signed(claims({ type: 'refresh' }))],
    ['of no type', () => signed(without('type'))],
    ['of nobody', () => signed(without('user_id'))],
    ['of a user that never was', () => signed(claims({ user_id: '00000000-0000-4000-8000-000000000000' }))],
    ['of a list of users', () => signed(claims({ user_id: [FIXTURE_ADMIN.id] }))],
    ['of an object that would match any user', () => signed(claims({ user_id: { contains: '' } }))],
    ['of 9,000 characters', () => signed(claims({ padding: 'x'.repeat(9_000) }))],
    ['that is no token', () => 'not.a.token'],
    ['that is the SHA-256 of a static one', () => createHash('sha256').update(VIEWER_TOKEN).digest('hex')],
    ['that begins as a static one', () => VIEWER_TOKEN.slice(0, -1)],
  ])('%s is refused', async (_, make) => {
    expectRefusal(await ask(await make()), 'UNAUTHENTICATED')
  })

  it('of a user who is no admin is good, and good for nothing here', async () => {
    expectRefusal(await ask(await signed(claims({ user_id: ALICE }))), 'FORBIDDEN')
  })

  it('is refused in the same words whatever is wrong with it', async () => {
    const tokens = ['junk', await signed(claims({ exp: 1 })), await signed(claims({ user_id: 'nobody' }))]
    const replies = await Promise.all(tokens.map((token) => ask(token)))
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1)
  })

  it.each([
    ['another scheme', 'Basic YWRtaW46YWRtaW4='],
    ['no scheme', VIEWER_TOKEN],
    ['two tokens', `Bearer ${VIEWER_TOKEN}, Bearer ${VIEWER_TOKEN}`],
    ['an empty token', 'Bearer '],
  ])('is not read from a header with %s', async (_, authorization) => {
    const headers = { 'content-type': 'application/json', authorization }
    const reply = await send(service.app, { headers, token: null, body: JSON.stringify({ query: WHO }) })
    expectRefusal(reply, 'UNAUTHENTICATED')
  })

  it.each([
    ['the query string', { path: `/graphql?token=${VIEWER_TOKEN}&access_token=${VIEWER_TOKEN}` }],
    [
      'a cookie',
      {
        headers: {
          'content-type': 'application/json',
          cookie: `token=${VIEWER_TOKEN}; authorization=Bearer ${VIEWER_TOKEN}`,
        },
      },
    ],
  ])('is not read from %s', async (_, request) => {
    const reply = await send(service.app, { ...request, token: null, body: JSON.stringify({ query: WHO }) })
    expectRefusal(reply, 'UNAUTHENTICATED')
  })

  it('is refused once the gateway has put it on its blacklist', async () => {
    const token = await signed(claims({ jti: 'revoked' }))
    expect((await ask(token)).status).toBe(200)
    const hash = createHash('sha256').update(token).digest('hex')
    await service.redis.client().set(`jwt:blacklist:${hash}`, 'logout', 'EX', 3_600)
    expectRefusal(await ask(token), 'UNAUTHENTICATED')
  })

  it.each([
    ['demoted', "role = 'user'", 'FORBIDDEN'],
    ['deactivated', 'is_active = false', 'UNAUTHENTICATED'],
    ['deleted', 'is_deleted = true', 'UNAUTHENTICATED'],
  ])('is refused as soon as its user is %s', async (_, change, code) => {
    const carol = '28518867-a66b-4d38-9d95-847ebd299753'
    const token = await signed(claims({ user_id: carol }))
    expect((await ask(token)).status).toBe(200)
    psql(service.databaseUrl, `UPDATE users SET ${change} WHERE id = '${carol}'`)
    expectRefusal(await ask(token), code)
    psql(
      service.databaseUrl,
      `UPDATE users SET role = 'admin', is_active = true, is_deleted = false WHERE id = '${carol}'`,
    )
  })
})

/** Root fields that need no token. */
const PUBLIC = ['Mutation.login']

/** The status of a stream of events, which is cut once it has begun. */
async function eventsStatus(token: string | null, query: string): Promise<number> {
  const response = await openEvents(service.app, { token, body: JSON.stringify({ query }) })
  await beginningOf(response)
  return response.status
}

const guarded = ROOT_FIELDS.filter(({ name }) => !PUBLIC.includes(name))

describe('a root field', () => {
  it('is read from the schema, so that these tests know all of them', () => {
    expect(ROOT_FIELDS.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['Query.viewer', 'Query.affinities', 'Query.userAffinities', ...PUBLIC]),
    )
  })

  it.each(guarded)('$name is refused without a token', async ({ document }) => {
    expect(codesOf(await ask(null, document))).toEqual(['UNAUTHENTICATED'])
  })

  it.each(guarded)('$name is refused to a user who is no admin', async ({ document }) => {
    expect(codesOf(await ask(await signed(claims({ user_id: ALICE })), document))).toEqual(['FORBIDDEN'])
  })

  it.each(guarded)('$name is refused with a token that has expired', async ({ document }) => {
    expect(codesOf(await ask(await signed(claims({ exp: 1 })), document))).toEqual(['UNAUTHENTICATED'])
  })

  const changing = guarded.filter(({ kind }) => kind === 'mutation')
  const reading = guarded.filter(({ kind }) => kind !== 'mutation')

  it.each(changing)('$name is refused to a viewer’s token, which may only read', async ({ document }) => {
    const reply = await ask(VIEWER_TOKEN, document)
    expectRefusal(reply, 'FORBIDDEN')
    expect(JSON.parse(reply.text).data ?? null).toBeNull()
  })

  it.each(reading)('$name is given to a viewer’s token', async ({ document, kind }) => {
    if (kind === 'subscription') return expect(await eventsStatus(VIEWER_TOKEN, document)).toBe(200)
    const reply = await ask(VIEWER_TOKEN, document)
    expect(reply.status, reply.text).toBe(200)
    // The fixtures' tables of this generation have no rows of usage.
    expect(
      codesOf(reply).filter((code) => code !== 'NOT_AVAILABLE'),
      reply.text,
    ).toEqual([])
  })

  it.each(ROOT_FIELDS.filter(({ kind }) => kind === 'subscription'))(
    '$name is refused as a stream of events as well',
    async ({ document }) => {
      for (const token of [null, `${VIEWER_TOKEN}x`]) expect(await eventsStatus(token, document)).toBe(401)
      expect(await eventsStatus(await signed(claims({ user_id: ALICE })), document)).toBe(403)
    },
  )

  it.each(guarded)(
    '$name leaves one log line for an accepted token and one for a refused token, with viewer, address and operation',
    async ({ name, kind, document }) => {
      const before = service.logs.length
      for (const token of [ADMIN_TOKEN, `${VIEWER_TOKEN}x`]) {
        if (kind === 'subscription') await eventsStatus(token, document)
        else await ask(token, document)
      }
      const lines = service.logs.slice(before).filter(({ msg }) => msg === 'request')
      const common = {
        operation: `{ ${name.split('.')[1]} }`,
        kind,
        address: '127.0.0.1',
        requestId: expect.any(String),
      }
      // A static token cannot be signed out.
      expect(lines).toMatchObject([
        { ...common, viewer: 'tests', status: name === 'Mutation.logout' ? 403 : 200 },
        { ...common, viewer: null, status: 401, errorCodes: ['UNAUTHENTICATED'] },
      ])
      expect(JSON.stringify(lines)).not.toContain(VIEWER_TOKEN)
    },
  )

  it('of the schema itself is refused without a token', async () => {
    expectRefusal(await ask(null, '{ __schema { types { name } } }'), 'UNAUTHENTICATED')
    expectRefusal(
      await ask(null, '{ ...f } fragment f on Query { __type(name: "User") { name } }'),
      'UNAUTHENTICATED',
    )
  })

  it('is refused beside a login that succeeds: its session is for the next request', async () => {
    const { email, password } = FIXTURE_ADMIN
    const document = `mutation { login(email: "${email}", password: "${password}") { __typename } }
      query Q { viewer { name } }`
    const reply = await post(service.app, document.replace('mutation', 'mutation M'), undefined, {
      token: null,
      operationName: 'Q',
    })
    expectRefusal(reply, 'UNAUTHENTICATED')
  })
})
