import { createHash } from 'node:crypto'
import { hashSync } from '@node-rs/bcrypt'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Listening, startListening } from '../attacks/http.js'
import { startTestApp, type TestApp, VIEWER_TOKEN } from '../support/app.js'
import { FIXTURE_ADMIN, FIXTURE_SECRETS } from '../support/fixtures.js'
import { gatewayDatabase, jsonFixture } from '../support/generations.js'
import { psql } from '../support/servers/postgres.js'
import { subscribe } from '../support/subscribe.js'

const WHO = '{ viewer { name } }'
const LOGOUT = 'mutation { logout }'
const codes = (text: string): unknown[] =>
  (JSON.parse(text).errors ?? []).map((error: { extensions: { code: string } }) => error.extensions.code)

describe('beside a gateway without sessions', () => {
  let server: Listening
  /** Another instance of the service, on the same stores. */
  let replica: TestApp
  beforeAll(async () => {
    server = await startListening({ redis: 'empty' })
    const { databaseUrl, redis } = server.service
    psql(databaseUrl, `UPDATE users SET password_hash = '${hashSync(FIXTURE_ADMIN.password, 4)}'`)
    replica = await startTestApp({ databaseUrl, redis: 'empty', env: { REDIS_URL: redis.url } })
  })
  afterAll(async () => {
    await replica.close()
    await server.close()
  })

  async function login(name = 'root'): Promise<string> {
    const { text } = await server.post(
      'mutation ($name: String!, $password: String!) { login(email: $name, password: $password) { ... on Session { token } } }',
      { name, password: FIXTURE_ADMIN.password },
      null,
    )
    return JSON.parse(text).data.login.token
  }

  it('a sign-out ends a token at every instance for the rest of its 12 hours, and is in the audit', async () => {
    const token = await login()
    expect(codes((await server.post(WHO, {}, token)).text)).toEqual([])
    expect(JSON.parse((await server.post(LOGOUT, {}, token)).text).data).toEqual({ logout: true })
    const refused = await server.post(WHO, {}, token)
    expect([refused.status, codes(refused.text)]).toEqual([401, ['UNAUTHENTICATED']])
    expect((await replica.query(WHO, {}, { token })).status).toBe(401)
    const redis = server.service.redis.client()
    const hash = createHash('sha256').update(token).digest('hex')
    expect(await redis.ttl(`jwt:blacklist:${hash}`)).toBeGreaterThan(12 * 3_600 - 60)
    expect(await redis.ttl(`jwt:blacklist:${hash}`)).toBeLessThanOrEqual(12 * 3_600)

    const { data } = await replica.query(
      '{ auditEvents(first: 1, action: "admin_logout") { nodes { action success actorName actor { id } } } }',
    )
    expect(data.auditEvents.nodes).toEqual([
      { action: 'admin_logout', success: true, actorName: 'root', actor: { id: FIXTURE_ADMIN.id } },
    ])
    expect(JSON.stringify([server.service.logs, await redis.keys('*')])).not.toContain(token)
  })

  it('holds for the rest of the same request', async () => {
    const token = await login('root@example.com')
    const { text } = await server.post(
      'mutation { logout clearAllCache(dryRun: true) { __typename } }',
      {},
      token,
    )
    expect(codes(text)).toEqual(['UNAUTHENTICATED'])
  })

  it('is refused to a static token, in one audit event a minute', async () => {
    const count = async () =>
      (await replica.query('{ auditEvents(action: "admin_logout") { totalCount } }')).data.auditEvents
        .totalCount
    const before = await count()
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const reply = await server.post(LOGOUT, {}, VIEWER_TOKEN)
      expect([reply.status, codes(reply.text)]).toEqual([403, ['FORBIDDEN']])
      expect(reply.text).toContain('ADMIN_TOKENS')
    }
    expect(await count()).toBe(before + 1)
    expect((await server.post(WHO, {}, VIEWER_TOKEN)).status).toBe(200)
  })
})

describe('beside a gateway with sessions', () => {
  const { base } = jsonFixture('provider-keys', 'sign-in.json') as {
    base: { userId: string; sessionId: string; device: string; claims: Record<string, unknown> }
  }
  const JSON_HEADERS = { 'content-type': 'application/json' }
  let server: Listening
  beforeAll(async () => {
    server = await startListening({
      databaseUrl: gatewayDatabase('provider-keys'),
      redis: 'empty',
      env: { CORS_ORIGINS: 'https://ops.example', TRUST_PROXY: '1' },
    })
  })
  afterAll(() => server.close())
  const sql = (text: string) => psql(server.service.databaseUrl, text)

  const signed = (claims: Record<string, unknown> = {}) =>
    new SignJWT({ ...base.claims, ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(FIXTURE_SECRETS.jwtSecret))

  it('the device may be in the URL, where no log shows it', async () => {
    const token = await signed()
    const asked = (device: string, headers = {}) =>
      server.send({
        path: `/graphql?client_device_id=${device}`,
        token,
        headers: { ...JSON_HEADERS, ...headers },
        body: JSON.stringify({ query: WHO }),
      })
    expect((await asked(base.device)).status).toBe(200)
    expect((await asked('another')).status).toBe(401)
    // The header goes first.
    expect((await asked(base.device, { 'x-client-device-id': 'another' })).status).toBe(401)
    expect((await asked('another', { 'x-client-device-id': base.device })).status).toBe(200)
    const byGet = await server.send({
      method: 'GET',
      path: `/graphql?${new URLSearchParams({ query: WHO, client_device_id: base.device })}`,
      token,
      headers: { accept: 'application/json', 'content-type': 'application/json' },
    })
    expect(JSON.parse(byGet.text).data).toEqual({ viewer: { name: 'root' } })
    await server.send({ path: `/nowhere?client_device_id=${base.device}`, token, method: 'GET' })
    await server.send({ path: `/metrics?client_device_id=${base.device}`, token, method: 'GET' })
    expect(server.service.logs.length).toBeGreaterThan(3)
    expect(JSON.stringify(server.service.logs)).not.toMatch(new RegExp(`${base.device}|client_device_id`))
  })

  it('pages of other origins may name their device', async () => {
    const preflight = await server.send({
      method: 'OPTIONS',
      token: null,
      headers: { origin: 'https://ops.example', 'access-control-request-method': 'POST' },
    })
    expect(preflight.headers.get('access-control-allow-headers')).toContain('x-client-device-id')
  })

  it('metrics are for whom the API is for', async () => {
    const metrics = (token: string, headers = {}) =>
      server.send({ method: 'GET', path: '/metrics', token, headers })
    const token = await signed()
    expect((await metrics(token)).status).toBe(401)
    expect((await metrics(token, { 'x-client-device-id': base.device })).status).toBe(200)
    sql(`UPDATE users SET role = 'user' WHERE id = '${base.userId}'`)
    expect((await metrics(token, { 'x-client-device-id': base.device })).status).toBe(403)
    sql(`UPDATE users SET role = 'admin' WHERE id = '${base.userId}'`)
  })

  it('an address that a management token is bound to is the client’s, as TRUST_PROXY tells it', async () => {
    sql(`INSERT INTO management_tokens (id, user_id, token_hash, name, allowed_ips)
      VALUES ('bound', '${base.userId}', '${createHash('sha256').update('ae_bound').digest('hex')}', 'bound',
        '["10.1.0.0/16", "2001:db8::/32", "nonsense", 7, "10/8"]')`)
    const from = async (address: string) =>
      (
        await server.send({
          token: 'ae_bound',
          headers: { ...JSON_HEADERS, 'x-forwarded-for': address },
          body: JSON.stringify({ query: WHO }),
        })
      ).status
    expect(await Promise.all(['10.1.2.3', '::ffff:10.1.2.3', '2001:db8::7'].map(from))).toEqual([
      200, 200, 200,
    ])
    expect(await Promise.all(['10.2.0.1', '127.0.0.1', '2001:db9::1', 'nonsense'].map(from))).toEqual([
      401, 401, 401, 401,
    ])
  })

  it('a token whose user shall be somebody else, or whose claims are of other types, is refused', async () => {
    const headers = { ...JSON_HEADERS, 'x-client-device-id': base.device }
    for (const claims of [
      { session_id: { contains: '' } },
      { session_id: 'a\0b' },
      { created_at: 0 },
      { created_at: 'yesterday' },
      { created_at: '2026-11-26T13:41:45.900000+00:00' },
    ]) {
      const reply = await server.send({
        token: await signed(claims),
        headers,
        body: JSON.stringify({ query: WHO }),
      })
      expect([reply.status, codes(reply.text)], JSON.stringify(claims)).toEqual([401, ['UNAUTHENTICATED']])
    }
    for (const created_at of [null, '2026-11-26T13:41:47.194405', '2026-11-26T14:41:48+01:00']) {
      const reply = await server.send({
        token: await signed({ created_at }),
        headers,
        body: JSON.stringify({ query: WHO }),
      })
      expect(reply.status, String(created_at)).toBe(200)
    }
  })

  it('streams end within five seconds after their session was revoked, and after a sign-out', async () => {
    const { service } = server
    const headers = { 'x-client-device-id': base.device }
    const [revoked, signedOut] = [await signed(), await signed({ jti: 'other', session_id: 'second' })]
    sql(`INSERT INTO user_sessions (id, user_id, client_device_id, refresh_token_hash, expires_at)
      VALUES ('second', '${base.userId}', '${base.device}', 'x', '2099-01-01')`)
    const stats = 'subscription { cacheStats(intervalSeconds: 1) { __typename } }'
    const streams = await Promise.all(
      [revoked, signedOut].map((token) => subscribe(service, stats, token, headers)),
    )
    await vi.waitFor(() => expect(streams.every((stream) => stream.answers().length > 0)).toBe(true))
    sql(`UPDATE user_sessions SET revoked_at = now() WHERE id = '${base.sessionId}'`)
    await service.query(LOGOUT, {}, { token: signedOut, headers })
    await vi.waitFor(() => expect(streams.every((stream) => stream.hasEnded())).toBe(true), 5_000)
    for (const stream of streams) {
      expect(stream.answers().at(-1).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
    }
  })
})
