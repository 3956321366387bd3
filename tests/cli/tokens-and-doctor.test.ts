import { SignJWT } from 'jose'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { findings } from '../../src/cli/doctor/findings.js'
import { loadConfig } from '../../src/config/load-config.js'
import { textOf } from '../deploy/files.js'
import { startStandIn, TOKEN } from '../gateway/nodes/nodes-support.js'
import { FIXTURE_ADMIN, FIXTURE_ENVIRONMENT } from '../support/fixtures.js'
import { gatewayDatabase, jsonFixture } from '../support/generations.js'
import { psql } from '../support/servers/postgres.js'
import { freshDatabase, freshRedis } from '../support/servers/shared.js'
import { ENDPOINT_KEYS_USAGE } from '../usage/usage-table.js'
import { affinityql, jsonLines, onTerminal, startServer } from './support.js'

describe('affinityql token create', () => {
  it('prints a token and the entry that the server takes for it, and asks no server', async () => {
    const { code, stdout } = await affinityql(['token', 'create', 'ci', '--role', 'admin'])
    const [token = '', entry = ''] = stdout.split('\n')
    expect(loadConfig({ ADMIN_TOKENS: entry }).staticTokens).toMatchObject([{ name: 'ci', role: 'admin' }])
    expect(token).toMatch(/^aql_[\w-]{43}$/)
    expect(code).toBe(0)

    const server = await startServer({ env: { ADMIN_TOKENS: entry } })
    expect((await affinityql(['stats'], { server, token })).code).toBe(0)
    await server.close()
  })

  it('ends with 2 for a name that could not be read back', async () => {
    const { code, stderr } = await affinityql(['token', 'create', 'a:b'])
    expect(stderr).toContain('A name is')
    expect(code).toBe(2)
  })
})

describe('affinityql login', () => {
  it('reads the password from stdin or a terminal, shows it nowhere, and prints a token that works', async () => {
    const server = await startServer()
    const { email, password } = FIXTURE_ADMIN
    const piped = await affinityql(['login', email], { server, token: '', input: `${password}\n` })
    expect(piped.code).toBe(0)
    const token = piped.stdout.trim()
    expect((await affinityql(['stats'], { server, token })).code).toBe(0)

    const typed = await onTerminal(['login', email], [[/Password of .*: /, `${password}\r`]], {
      server,
      token: '',
    })
    expect(typed.code).toBe(0)
    expect(typed.screen).not.toContain(password)

    const wrong = await affinityql(['login', email], { server, token: '', input: 'wrong\n' })
    expect(wrong).toMatchObject({ code: 4, stdout: '' })
    await server.close()
  })
})

describe('affinityql logout', () => {
  it('ends the token of a sign-in by username, and no static one', async () => {
    const server = await startServer()
    const { stdout } = await affinityql(['login', 'root'], {
      server,
      token: '',
      input: `${FIXTURE_ADMIN.password}\n`,
    })
    const token = stdout.trim()
    expect(await affinityql(['logout'], { server, token })).toMatchObject({ code: 0, stdout: '' })
    expect(await affinityql(['stats'], { server, token })).toMatchObject({ code: 4 })
    expect(await affinityql(['logout'], { server, token })).toMatchObject({ code: 4 })
    const refused = await affinityql(['logout'], { server })
    expect(refused).toMatchObject({ code: 4, stdout: '' })
    expect(refused.stderr).toContain('ADMIN_TOKENS')
    await server.close()
  })

  it('names the device that a token of the gateway is bound to', async () => {
    const { base } = jsonFixture('provider-keys', 'sign-in.json') as {
      base: { device: string; claims: Record<string, unknown> }
    }
    const token = await new SignJWT(base.claims)
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(FIXTURE_ENVIRONMENT.JWT_SECRET_KEY))
    const databaseUrl = gatewayDatabase('provider-keys')
    const server = await startServer({ databaseUrl, redis: 'empty' })
    const list = ['affinities', 'list', '--records']
    expect(await affinityql(list, { server, token })).toMatchObject({ code: 4 })
    expect(await affinityql([...list, '--device-id', base.device], { server, token })).toMatchObject({
      code: 0,
    })
    const env = { AFFINITYQL_DEVICE_ID: base.device }
    expect(await affinityql(list, { server, token, env })).toMatchObject({ code: 0 })
    expect(await affinityql([...list, '--device-id', 'gerät'], { server, token })).toMatchObject({ code: 2 })
    await server.close()
  })
})

describe('affinityql doctor', () => {
  const gateway = async (redis?: 'empty') => ({
    DATABASE_URL: freshDatabase(),
    REDIS_URL: (await freshRedis(redis)).url,
    ...FIXTURE_ENVIRONMENT,
  })
  const doctor = async (env: Readonly<Record<string, string>>) => {
    const { code, stdout, stderr } = await affinityql(['doctor', '--ndjson'], { env })
    return { code, findings: jsonLines(stdout), said: stdout + stderr }
  }

  it('says of each node of the gateway what clears may ask of it, and clears nothing there', async () => {
    const { gateway: standIn, node } = await startStandIn({ generation: 'ENDPOINT_KEYS', processes: 1 })
    await standIn.serve({ apiKeyId: 'api-key-1', apiFormat: 'CLAUDE', model: 'm' })
    const urls = { GATEWAY_URLS: `${node.url},http://127.0.0.1:1` }
    const { findings, said } = await doctor({ ...(await gateway('empty')), ...urls, GATEWAY_TOKEN: TOKEN })
    expect(findings.filter(({ check }) => check === 'nodes')).toMatchObject([
      {
        state: 'ok',
        message: `The gateway’s node ${node.url} answers, may be read, may be cleared, is one process.`,
      },
      {
        state: 'failed',
        message: expect.stringContaining('does not answer: it cannot be reached (ECONNREFUSED)'),
      },
    ])
    expect(said).not.toContain(TOKEN)
    expect(await standIn.serve({ apiKeyId: 'api-key-1', apiFormat: 'CLAUDE', model: 'm' })).toMatchObject({
      providerId: 'provider-1',
    })
    const unasked = await doctor({ ...(await gateway('empty')), ...urls })
    expect(unasked.findings.filter(({ check }) => check === 'nodes')).toMatchObject([
      { state: 'ok', message: expect.stringContaining('was not asked') },
      {},
    ])
  })

  it('asks the nodes of a Rust gateway for all that its clears need', async () => {
    const { node } = await startStandIn({ generation: 'PROCESS_MEMORY' })
    const env = {
      ...(await gateway('empty')),
      DATABASE_URL: freshDatabase('process-memory'),
      GATEWAY_URLS: node.url,
      GATEWAY_TOKEN: TOKEN,
      CLEAR_AT_ONCE: 'true',
    }
    const said: string[] = []
    for await (const { check, state, message } of findings(env)) {
      if (check === 'nodes') said.push(`${state}: ${message}`)
    }
    expect(said).toEqual([expect.stringMatching(/^ok: .* may be cleared, at once/)])
    // Nothing is written by looking: the ids are nobody's.
    expect(node.calls.filter(({ method }) => method === 'PUT')).toMatchObject([
      { target: expect.stringMatching(/\/api\/admin\/users\/[0-9a-f-]{36}\/api-keys\/[0-9a-f-]{36}$/) },
    ])
    expect(said.join()).not.toContain(TOKEN)
  })

  it('finds a healthy gateway healthy', async () => {
    const env = await gateway()
    psql(env.DATABASE_URL, ENDPOINT_KEYS_USAGE)
    const { code, findings } = await doctor(env)
    expect(findings.map(({ check }) => check)).toEqual([
      'configuration',
      'database',
      'session',
      'tables',
      'rights',
      'usage',
      'sign-in',
      'keys',
      'scheduling',
      'indexes',
      'cache',
      'changes',
      'families',
      'clocks',
      'clocks',
      'clocks',
      'nodes',
    ])
    expect(findings.filter(({ state }) => state === 'failed')).toEqual([])
    expect(code).toBe(0)
  })

  it.each([
    ['fixtures', 'ENDPOINT_KEYS'],
    ['provider-keys', 'PROVIDER_KEYS'],
    ['process-memory', 'PROCESS_MEMORY'],
  ] as const)('tells the generation, and what it lacks, of a gateway of %s', async (contents, generation) => {
    const env = { ...(await gateway('empty')), DATABASE_URL: freshDatabase(contents) }
    psql(env.DATABASE_URL, 'ALTER TABLE users DROP COLUMN email')
    if (contents === 'fixtures') psql(env.DATABASE_URL, ENDPOINT_KEYS_USAGE)
    const { code, findings } = await doctor(env)
    expect(findings.filter(({ check }) => check === 'tables')).toEqual([
      {
        check: 'tables',
        state: 'ok',
        message: expect.stringMatching(`of the generation ${generation}: .* It does not have `),
      },
      {
        check: 'tables',
        state: 'warning',
        message: 'User.email is not known, so that it is null or its default: it needs users.email.',
      },
    ])
    expect(findings.filter(({ state }) => state === 'failed')).toEqual([])
    expect(code).toBe(0)
  })

  it('tells every problem of the configuration, and ends with 1', async () => {
    const { code, findings } = await doctor({ DATABASE_URL: 'mysql://x', PORT: 'http' })
    expect(findings.length).toBeGreaterThan(2)
    expect(code).toBe(1)
  })

  it('tells a wrong ENCRYPTION_KEY, and ends with 1', async () => {
    const { code, findings, said } = await doctor({
      ...(await gateway()),
      ENCRYPTION_KEY: 'not-the-gateways-key',
    })
    expect(findings).toContainEqual({
      check: 'keys',
      state: 'failed',
      message: expect.stringContaining('ENCRYPTION_KEY is not the gateway’s'),
    })
    expect(code).toBe(1)
    expect(said).not.toContain('not-the-gateways-key')
  })

  it('tells which store does not answer, without a secret, and ends with 5', async () => {
    const env = await gateway()
    const { code, findings, said } = await doctor({
      ...env,
      REDIS_URL: 'redis://:hunter2@127.0.0.1:1',
      DATABASE_URL: env.DATABASE_URL.replace(/\/[^/]*$/, '/no_such_database'),
    })
    const failed = findings.filter(({ state }) => state === 'failed')
    const { host } = new URL(env.DATABASE_URL)
    expect(failed).toEqual([
      {
        check: 'database',
        state: 'failed',
        message: `PostgreSQL at ${host} does not answer: there is no such database.`,
        isOutage: true,
      },
      {
        check: 'cache',
        state: 'failed',
        message: 'Redis at 127.0.0.1:1 does not answer: nothing listens there.',
        isOutage: true,
      },
    ])
    expect(said).not.toContain('hunter2')
    expect(code).toBe(5)
  })

  it('tells which right a user of PostgreSQL lacks, and how to give it', async () => {
    const env = await gateway()
    const owner = new pg.Client(env.DATABASE_URL)
    await owner.connect()
    const reader = `reader_${new URL(env.DATABASE_URL).pathname.slice(1)}`
    await owner.query(`CREATE ROLE ${reader} LOGIN;
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${reader}; REVOKE SELECT ON providers FROM ${reader}`)
    const asReader = { ...env, DATABASE_URL: env.DATABASE_URL.replace('//postgres@', `//${reader}@`) }
    const { code, findings } = await doctor(asReader)
    expect(findings).toContainEqual({
      check: 'rights',
      state: 'failed',
      message:
        'The user of DATABASE_URL lacks these rights: GRANT INSERT ON audit_logs; GRANT UPDATE ON audit_logs; GRANT SELECT ON providers',
    })
    expect(code).toBe(1)

    await owner.query(
      `GRANT SELECT ON providers TO ${reader}; GRANT INSERT, UPDATE ON audit_logs TO ${reader}`,
    )
    await owner.end()
    expect(await doctor(asReader)).toMatchObject({ code: 0 })
  })

  it('tells which right on rows of usage is lacking, here or at a standby, and that nothing else needs it', async () => {
    const env = { ...(await gateway('empty')), DATABASE_URL: freshDatabase('process-memory') }
    const reader = `reader_${new URL(env.DATABASE_URL).pathname.slice(1)}`
    psql(
      env.DATABASE_URL,
      `CREATE ROLE ${reader} LOGIN; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO ${reader};
       REVOKE SELECT ON usage_settlement_snapshots FROM ${reader}`,
    )
    const asReader = env.DATABASE_URL.replace('//postgres@', `//${reader}@`)
    const message = (variable: string) =>
      `The user of ${variable} lacks these rights, so figures of usage are not available: GRANT SELECT ON usage_settlement_snapshots`
    const here = await doctor({ ...env, DATABASE_URL: asReader })
    expect(here.findings).toContainEqual({
      check: 'usage',
      state: 'warning',
      message: message('DATABASE_URL'),
    })
    const there = await doctor({ ...env, USAGE_DATABASE_URL: asReader })
    expect(there.findings).toContainEqual({
      check: 'usage',
      state: 'warning',
      message: message('USAGE_DATABASE_URL'),
    })
    const away = await doctor({
      ...env,
      USAGE_DATABASE_URL: 'postgresql://someone:hunter2@127.0.0.1:1/nothing',
    })
    expect(away.findings).toContainEqual({
      check: 'usage',
      state: 'warning',
      message: expect.stringContaining('The database of usage rows at 127.0.0.1:1 does not answer'),
    })
    expect(away.said).not.toContain('hunter2')
    expect([here.code, there.code, away.code]).toEqual([0, 0, 0])

    // A search for a client's session tries each version of a routing group.
    psql(env.DATABASE_URL, `REVOKE SELECT ON routing_group_versions FROM ${reader}`)
    expect((await doctor({ ...env, DATABASE_URL: asReader })).findings).toContainEqual({
      check: 'rights',
      state: 'failed',
      message: 'The user of DATABASE_URL lacks these rights: GRANT SELECT ON routing_group_versions',
    })
  })

  it('tells what a large installation is slow without, until it is there', async () => {
    const env = await gateway('empty')
    // What PostgreSQL would say of itself, had it as many rows.
    psql(env.DATABASE_URL, "UPDATE pg_class SET reltuples = 40000 WHERE relname = 'api_keys'")
    const { code, findings } = await doctor(env)
    expect(findings).toContainEqual({
      check: 'indexes',
      state: 'warning',
      message: expect.stringMatching(
        /about 40,000 API keys, and a search reads all of them\. deploy\/postgres\/indexes\.sql/,
      ),
    })
    expect(code).toBe(0)

    psql(env.DATABASE_URL, textOf('deploy/postgres/indexes.sql').replaceAll('ANALYZE', '-- ANALYZE'))
    psql(env.DATABASE_URL, "UPDATE pg_class SET reltuples = 40000 WHERE relname = 'api_keys'")
    expect((await doctor(env)).findings).toContainEqual({
      check: 'indexes',
      state: 'ok',
      message: 'The database has about 40,000 API keys, and the indexes to find them.',
    })
  })

  it('tells that Redis does not announce changes to this user, unless nobody wants to know', async () => {
    const redis = await freshRedis('empty')
    redis.cli('ACL', 'SETUSER', 'narrow', 'on', '>secret', '~*', '+@all', '-client|tracking', 'resetchannels')
    const env = { ...(await gateway('empty')), REDIS_URL: `redis://narrow:secret@127.0.0.1:${redis.port}` }
    const { code, findings } = await doctor(env)
    expect(findings).toContainEqual({
      check: 'changes',
      state: 'warning',
      message: expect.stringContaining('each request will scan all affinities'),
    })
    expect(code).toBe(0)
    const off = await doctor({ ...env, AFFINITY_INDEX: 'off' })
    expect(off.findings.map(({ check }) => check)).not.toContain('changes')
  })

  it('ends as usual where a user of Redis may not ask for the time', async () => {
    const redis = await freshRedis('empty')
    redis.cli('ACL', 'SETUSER', 'narrow', 'on', '>secret', '~*', '&*', '+@all', '-time')
    const env = { ...(await gateway('empty')), REDIS_URL: `redis://narrow:secret@127.0.0.1:${redis.port}` }
    const { code, findings, said } = await doctor(env)
    expect(findings.filter(({ check }) => check === 'clocks').at(-1)).toEqual({
      check: 'clocks',
      state: 'warning',
      message: 'Redis does not tell its time.',
    })
    expect(said).not.toContain('ReplyError')
    expect(code).toBe(0)
  })

  it('tells that an empty database is no gateway’s, and makes no tables there', async () => {
    const env = { ...(await gateway('empty')), DATABASE_URL: freshDatabase('empty') }
    const { findings, code } = await doctor(env)
    const told = expect.objectContaining({
      check: 'tables',
      state: 'failed',
      message: expect.stringContaining('start the gateway once'),
    })
    expect(findings).toContainEqual(told)
    expect(code).toBe(1)
    expect((await doctor(env)).findings).toContainEqual(told)
  })
})
