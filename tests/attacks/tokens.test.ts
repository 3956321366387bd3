import { createHash } from 'node:crypto'
import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isNonNullType,
  isRequiredArgument,
} from 'graphql'
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.js'
import { startTestApp, type TestApp, VIEWER_TOKEN } from '../support/app.js'
import { FIXTURE_ADMIN, FIXTURE_SECRETS } from '../support/fixtures.js'
import { psql } from '../support/servers/postgres.js'
import { codesOf, expectRefusal, post, send } from './support.js'

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
const without = (claim: string): JWTPayload => {
  const { [claim]: _, ...rest } = claims()
  return rest
}

const WHO = '{ viewer { name role } }'
const ask = (token: string | null, query = WHO) => post(service.app, query, undefined, { token })

describe('a token', () => {
  it('of the gateway, for an admin, lets in', async () => {
    expect((await ask(await signed(claims()))).text).toBe(
      '{"data":{"viewer":{"name":"root","role":"ADMIN"}}}',
    )
  })

  it.each<[string, () => Promise<string> | string]>([
    ['signed by nobody (alg none)', () => new UnsecuredJWT(claims()).encode()],
    [
      'of another algorithm of the same key',
      () => signed(claims(), { alg: 'HS384', secret: FIXTURE_SECRETS.jwtSecret.repeat(3) }),
    ],
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
    ['of a user who is no admin', () => signed(claims({ user_id: ALICE }))],
    ['of 9,000 characters', () => signed(claims({ padding: 'x'.repeat(9_000) }))],
    ['that is no token', () => 'not.a.token'],
    ['that is the SHA-256 of a static one', () => createHash('sha256').update(VIEWER_TOKEN).digest('hex')],
    ['that begins as a static one', () => VIEWER_TOKEN.slice(0, -1)],
  ])('%s does not', async (_, make) => {
    expectRefusal(await ask(await make()), 'UNAUTHENTICATED')
  })

  it('is refused in the same words whatever is wrong with it', async () => {
    const tokens = ['junk', await signed(claims({ exp: 1 })), await signed(claims({ user_id: ALICE }))]
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

  it('leaves a line with each use, and with each try that is refused: of whom, from where, for what', async () => {
    const before = service.logs.length
    await ask(VIEWER_TOKEN)
    await ask(`${VIEWER_TOKEN}x`)
    const lines = service.logs.slice(before).filter(({ msg }) => msg === 'request')
    const common = { operation: '{ viewer }', address: '127.0.0.1', requestId: expect.any(String) }
    expect(lines).toMatchObject([
      { ...common, viewer: 'looker', status: 200 },
      { ...common, viewer: null, status: 401, errorCodes: ['UNAUTHENTICATED'] },
    ])
    expect(JSON.stringify(lines)).not.toContain(VIEWER_TOKEN)
  })

  it('is dead once the gateway has put it on its blacklist', async () => {
    const token = await signed(claims({ jti: 'revoked' }))
    expect((await ask(token)).status).toBe(200)
    const hash = createHash('sha256').update(token).digest('hex')
    await service.redis.client().set(`jwt:blacklist:${hash}`, 'logout', 'EX', 3_600)
    expectRefusal(await ask(token), 'UNAUTHENTICATED')
  })

  it.each([
    ['demoted', "role = 'user'"],
    ['deactivated', 'is_active = false'],
    ['deleted', 'is_deleted = true'],
  ])('is dead from the moment its user is %s', async (_, change) => {
    const carol = '28518867-a66b-4d38-9d95-847ebd299753'
    const token = await signed(claims({ user_id: carol }))
    expect((await ask(token)).status).toBe(200)
    psql(service.databaseUrl, `UPDATE users SET ${change} WHERE id = '${carol}'`)
    expectRefusal(await ask(token), 'UNAUTHENTICATED')
    psql(
      service.databaseUrl,
      `UPDATE users SET role = 'admin', is_active = true, is_deleted = false WHERE id = '${carol}'`,
    )
  })
})

/** The one field that is for everybody. */
const PUBLIC = ['Mutation.login']

interface RootField {
  readonly name: string
  readonly document: string
}

/** Made from the schema itself: a field that is added without a thought about who may call it fails here. */
const rootFields: RootField[] = [
  schema.getQueryType(),
  schema.getMutationType(),
  schema.getSubscriptionType(),
]
  .filter((type) => type != null)
  .flatMap((type) => Object.values(type.getFields()).map((field) => rootField(type, field)))

function rootField(type: GraphQLObjectType, field: GraphQLField<unknown, unknown>): RootField {
  const args = field.args.filter(isRequiredArgument).map(({ name, type: of }) => `${name}: ${literal(of)}`)
  const selection = isLeafType(field.type) ? '' : '{ __typename }'
  const call = `${field.name}${args.length > 0 ? `(${args.join(', ')})` : ''} ${selection}`
  return { name: `${type.name}.${field.name}`, document: `${type.name.toLowerCase()} { ${call} }` }
}

function literal(type: GraphQLInputType): string {
  if (isNonNullType(type)) return literal(type.ofType)
  if (isEnumType(type)) return type.getValues()[0]?.name ?? ''
  if (isInputObjectType(type)) return '{}'
  const literals: Record<string, string> = { Boolean: 'true', Int: '1', Float: '1' }
  return literals[String(type)] ?? '"x"'
}

const guarded = rootFields.filter(({ name }) => !PUBLIC.includes(name))

describe('a root field', () => {
  it('is known to these tests, whichever there are', () => {
    expect(rootFields.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['Query.viewer', 'Query.affinities', 'Query.userAffinities', ...PUBLIC]),
    )
  })

  it.each(guarded)('$name is refused without a token', async ({ document }) => {
    expect(codesOf(await ask(null, document))).toEqual(['UNAUTHENTICATED'])
  })

  it.each(guarded)('$name is refused to a user who is no admin', async ({ document }) => {
    expect(codesOf(await ask(await signed(claims({ user_id: ALICE })), document))).toEqual([
      'UNAUTHENTICATED',
    ])
  })

  it.each(guarded)('$name is refused with a token that has expired', async ({ document }) => {
    expect(codesOf(await ask(await signed(claims({ exp: 1 })), document))).toEqual(['UNAUTHENTICATED'])
  })

  it('is refused to a viewer’s token where it changes anything, and only there', async () => {
    const refused: string[] = []
    for (const { name, document } of guarded) {
      const reply = await ask(VIEWER_TOKEN, document)
      if (reply.text.includes('FORBIDDEN')) refused.push(name)
    }
    expect(refused).toEqual(guarded.map(({ name }) => name).filter((name) => name.startsWith('Mutation.')))
  })

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
