import { createHash, randomUUID } from 'node:crypto'
import { hashSync } from '@node-rs/bcrypt'
import { SignJWT } from 'jose'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, startTestApp, type TestApp } from '../support/app.js'
import { FIXTURE_SECRETS } from '../support/fixtures.js'
import { type Generation, gatewayDatabase, jsonFixture } from '../support/generations.js'

interface Case {
  readonly name: string
  readonly ours: string
  readonly device: string
  readonly claims?: Readonly<Record<string, unknown>>
  readonly without?: readonly string[]
  readonly secret?: string
  readonly alg?: string
  readonly row?: {
    readonly revoked_at?: string
    readonly expires_at?: string
    readonly blacklisted?: boolean
  }
  readonly user?: Readonly<Record<string, string | boolean>>
}

interface ManagementCase {
  readonly name: string
  readonly ours: string
  readonly row: Readonly<Record<string, unknown>> & { readonly owner?: string; readonly token_hash?: string }
}

interface SignIn {
  readonly base: {
    readonly userId: string
    readonly sessionId: string
    readonly device: string
    readonly claims: Readonly<Record<string, unknown>>
  }
  readonly cases: readonly Case[]
  readonly managementTokens: readonly ManagementCase[]
}

const PASSWORD = 'correct horse battery'
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const codesOf = ({ errors }: Answer): unknown[] => errors.map(({ extensions }) => extensions['code'])

const WHO = '{ viewer { name role canClear } }'
const CLEAR = 'mutation { clearAllCache(dryRun: true) { __typename } }'

describe.each<[Generation, string]>([
  ['provider-keys', 'ae_'],
  ['process-memory', 'ae-'],
])('beside a gateway of the generation %s', (generation, prefix) => {
  const { base, cases, managementTokens } = jsonFixture(generation, 'sign-in.json') as SignIn
  let service: TestApp
  let database: pg.Client

  beforeAll(async () => {
    const databaseUrl = gatewayDatabase(generation)
    service = await startTestApp({ databaseUrl, redis: 'empty' })
    database = new pg.Client(databaseUrl)
    await database.connect()
    // A comparison of the fixtures' cost takes 0.2 s.
    await database.query('UPDATE users SET password_hash = $1', [hashSync(PASSWORD, 4)])
  })
  afterAll(async () => {
    await database.end()
    await service.close()
  })
  afterEach(async () => {
    await database.query(
      "UPDATE user_sessions SET revoked_at = NULL, expires_at = '2099-01-01' WHERE id = $1",
      [base.sessionId],
    )
    await database.query(
      "UPDATE users SET role = 'admin', is_active = true, is_deleted = false WHERE id = $1",
      [base.userId],
    )
    await database.query("UPDATE system_configs SET value = 'true' WHERE key = $1", [SWITCH])
    await service.redis.client().flushall()
  })
  const SWITCH = 'module.management_tokens.enabled'

  async function otherUser(): Promise<string> {
    const { rows } = await database.query("SELECT id FROM users WHERE username = 'alice'")
    return String(rows[0]?.id)
  }

  const changeUser = async (changes: Readonly<Record<string, string | boolean>>) => {
    for (const [column, value] of Object.entries(changes))
      await database.query(`UPDATE users SET ${column} = $1 WHERE id = $2`, [value, base.userId])
  }

  async function signed({
    claims,
    without = [],
    secret,
    alg = 'HS256',
  }: Partial<Case> = {}): Promise<string> {
    const all: Record<string, unknown> = { ...base.claims, jti: randomUUID(), ...claims }
    if (all['user_id'] === 'OTHER') all['user_id'] = await otherUser()
    for (const claim of without) delete all[claim]
    const key = new TextEncoder().encode(secret ?? FIXTURE_SECRETS.jwtSecret)
    return new SignJWT(all).setProtectedHeader({ alg, typ: 'JWT' }).sign(key)
  }

  const devices: Readonly<Record<string, string | undefined>> = {
    same: base.device,
    none: undefined,
    other: 'another-device',
    upper: base.device.toUpperCase(),
  }
  const headersOf = (device = 'same'): Record<string, string> => {
    const id = Object.hasOwn(devices, device) ? devices[device] : device
    return id === undefined ? {} : { 'x-client-device-id': id }
  }

  it.each(cases)('a token answers $ours: $name', async (the) => {
    const { row = {}, user, device, name, ours } = the
    const token = await signed(the)
    if (user) await changeUser(user)
    if (row.revoked_at)
      await database.query('UPDATE user_sessions SET revoked_at = now() WHERE id = $1', [base.sessionId])
    if (row.expires_at) {
      await database.query("UPDATE user_sessions SET expires_at = now() - interval '1 s' WHERE id = $1", [
        base.sessionId,
      ])
    }
    if (row.blacklisted) await service.redis.client().set(`jwt:blacklist:${sha256(token)}`, 'x', 'EX', 60)
    const document = name.endsWith('clears') ? CLEAR : WHO
    const answer = await service.query(document, {}, { token, headers: headersOf(device) })
    if (ours !== 'ok') return expect(codesOf(answer)).toEqual([ours])
    expect(answer.data.viewer).toEqual(
      user?.['role'] === 'audit_admin'
        ? { name: 'root', role: 'AUDIT_ADMIN', canClear: false }
        : { name: 'root', role: 'ADMIN', canClear: true },
    )
  })

  async function managementToken(row: ManagementCase['row'] = {}): Promise<string> {
    const token = `${prefix}${randomUUID()}`
    const { owner, token_hash, [SWITCH]: isSwitchedOn, ...columns } = row
    if (isSwitchedOn === false)
      await database.query("UPDATE system_configs SET value = 'false' WHERE key = $1", [SWITCH])
    if (owner === 'inactive') await changeUser({ is_active: false })
    else if (owner) await changeUser({ role: owner })
    const values: Record<string, unknown> = {
      id: randomUUID(),
      user_id: base.userId,
      token_hash: sha256(token_hash ?? token),
      name: randomUUID(),
      ...columns,
      ...(columns['expires_at'] !== undefined && { expires_at: new Date(Date.now() - 1_000) }),
    }
    const names = Object.keys(values)
    await database.query(
      `INSERT INTO management_tokens (${names.join(', ')}) VALUES (${names.map((_, at) => `$${at + 1}`).join(', ')})`,
      Object.values(values).map((value) => (Array.isArray(value) ? JSON.stringify(value) : value)),
    )
    return token
  }

  it.each(managementTokens)('a management token answers $ours: $name', async ({ row, ours }) => {
    const token = await managementToken(row)
    const [read, cleared] = [
      await service.query(WHO, {}, { token }),
      await service.query(CLEAR, {}, { token }),
    ]
    if (ours === 'UNAUTHENTICATED' || ours === 'FORBIDDEN') {
      expect([codesOf(read), codesOf(cleared)]).toEqual([[ours], [ours]])
      return
    }
    const mayClear = ours.includes('clear')
    expect(read.data.viewer).toEqual({
      name: 'root',
      role: row.owner === 'audit_admin' ? 'AUDIT_ADMIN' : 'ADMIN',
      canClear: mayClear,
    })
    expect(codesOf(cleared)).toEqual(mayClear ? [] : ['FORBIDDEN'])
  })

  it('costs one statement and one round trip to Redis, as before', async () => {
    const token = await signed()
    const headers = headersOf()
    await service.query(WHO, {}, { token, headers })
    const before = await existsCalls(service)
    const statements = await service.statementsOf(() => service.query(WHO, {}, { token, headers }))
    expect(statements).toHaveLength(1)
    expect(statements[0]).toContain('user_sessions')
    expect((await existsCalls(service)) - before).toBe(1)
    const management = await managementToken(
      generation === 'process-memory' ? { permissions: ['admin:monitoring:read'] } : {},
    )
    expect(await service.statementsOf(() => service.query(WHO, {}, { token: management }))).toHaveLength(1)
  })

  it('tokens of our own need no session, and end with the password', async () => {
    const login = async (name: string) => {
      const { data } = await service.query(
        'mutation ($name: String!, $password: String!) { login(email: $name, password: $password) { ... on Session { token } } }',
        { name, password: PASSWORD },
        { token: null },
      )
      return String(data.login.token)
    }
    const tokens = [await login('root'), await login('root@example.com')]
    for (const token of tokens)
      expect((await service.query(WHO, {}, { token })).data.viewer.name).toBe('root')
    await database.query('UPDATE users SET password_hash = $1 WHERE id = $2', ['$2b$12$changed', base.userId])
    for (const token of tokens)
      expect(codesOf(await service.query(WHO, {}, { token }))).toEqual(['UNAUTHENTICATED'])
    // The gateway's own tokens are the gateway's to judge.
    const answer = await service.query(WHO, {}, { token: await signed(), headers: headersOf() })
    expect(answer.data.viewer.name).toBe('root')
  })

  it('a token of the gateway is signed out, too, and only that one', async () => {
    const [token, other] = [await signed(), await signed()]
    const headers = headersOf()
    const answer = await service.query('mutation { logout }', {}, { token, headers })
    expect(answer.data).toEqual({ logout: true })
    expect(codesOf(await service.query(WHO, {}, { token, headers }))).toEqual(['UNAUTHENTICATED'])
    expect(codesOf(await service.query(WHO, {}, { token: other, headers }))).toEqual([])
  })

  it('a management token sees nothing without rights, and the API keys of a user only with theirs', async () => {
    if (generation === 'provider-keys') return
    const document = `{ userAffinities(identifier: "root") { ... on UserAffinities { user { username apiKeys { name } } } } }`
    for (const permissions of [null, '[]', '{}', '"admin:monitoring:read"']) {
      const token = await managementToken({ permissions })
      expect(codesOf(await service.query(WHO, {}, { token })), String(permissions)).toEqual(['FORBIDDEN'])
    }
    const asking = async (query: string, ...permissions: string[]) =>
      codesOf(await service.query(query, {}, { token: await managementToken({ permissions }) }))
    expect(await asking(document, 'admin:monitoring:read')).toEqual(['FORBIDDEN'])
    expect(await asking(document, 'admin:monitoring:read', 'admin:users:read')).toEqual([])
    const usage = `{ cacheUsage(since: "${new Date(Date.now() - 3_600_000).toISOString()}", by: TOTAL) { groupCount } }`
    expect(await asking(usage, 'admin:monitoring:read', 'admin:users:read')).toEqual(['FORBIDDEN'])
    expect(await asking(usage, 'admin:monitoring:read', 'admin:usage:read')).toEqual([])
  })
})

/** The number of EXISTS that Redis has answered. */
async function existsCalls({ redis }: TestApp): Promise<number> {
  const stats = await redis.client().info('commandstats')
  return Number(/cmdstat_exists:calls=(\d+)/.exec(stats)?.[1] ?? 0)
}
