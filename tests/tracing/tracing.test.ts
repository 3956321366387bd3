import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { describeStatement } from '../../src/server/observe/describe.js'
import { ADMIN_TOKEN, ADMIN_TOKENS } from '../support/app.js'
import { FIXTURE_ENVIRONMENT, FIXTURE_SECRETS } from '../support/fixtures.js'
import { type ServiceProcess, startService } from '../support/process.js'
import { freshDatabase, freshRedis } from '../support/servers/shared.js'
import { attributesOf, type Collector, type Span, startCollector } from './collector.js'

/** From the cache (model names) to the database (the models of their providers). */
const QUERY =
  'query Secret($s: String) { modelMappings(first: 5, search: $s) { totalCount nodes { providers { name } } } }'

interface Traced {
  readonly redis: Redis
  readonly service: ServiceProcess
  ask(query: string, variables?: object, headers?: Record<string, string>): Promise<unknown>
  stop(): Promise<void>
}

async function startTraced(env: Readonly<Record<string, string>>): Promise<Traced> {
  const redis = await freshRedis()
  const service = startService({
    DATABASE_URL: freshDatabase(),
    REDIS_URL: redis.url,
    ...FIXTURE_ENVIRONMENT,
    ADMIN_TOKENS,
    AUDIT_SPOOL_DIR: mkdtempSync(join(tmpdir(), 'affinityql-spool-')),
    PORT: '0',
    ...env,
  })
  const [, url = ''] = await service.line(/(http:\/\/127\.0\.0\.1:\d+)\/graphql/)
  return {
    service,
    redis: redis.client(),
    async ask(query, variables = {}, headers = {}) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}`, ...headers },
        body: JSON.stringify({ query, variables }),
      })
      return response.json()
    },
    async stop() {
      service.kill('SIGTERM')
      expect(await service.exit).toBe(0)
    },
  }
}

const json = (collector: Collector) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
})

const childrenOf = (spans: readonly Span[], parent: Span | undefined) =>
  spans.filter(({ parentSpanId }) => parent && parentSpanId === parent.spanId)

describe('traces', () => {
  it('show a request, its operation and, beneath that, what Redis and PostgreSQL were asked', async () => {
    const collector = await startCollector()
    const { ask, stop } = await startTraced({
      ...json(collector),
      OTEL_SERVICE_NAME: 'affinityql-eu',
      // An index would answer without a command that belongs to the request.
      AFFINITY_INDEX: 'off',
    })
    const caller = { trace: '0af7651916cd43dd8448eb211c80319c', span: 'b7ad6b7169203331' }
    const answer = await ask(
      QUERY,
      { s: 'g' },
      { traceparent: `00-${caller.trace}-${caller.span}-01`, 'x-request-id': 'request-7' },
    )
    expect(answer).toMatchObject({ data: { modelMappings: { totalCount: expect.any(Number) } } })
    await stop()

    const spans = collector.spans().filter(({ traceId }) => traceId === caller.trace)
    const http = spans.find(({ name }) => name === 'POST /graphql')
    expect(http).toMatchObject({ parentSpanId: caller.span, kind: 2 })
    expect(http && attributesOf(http)).toMatchObject({
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'affinityql.request_id': 'request-7',
    })
    const [operation, ...others] = childrenOf(spans, http)
    expect(operation?.name).toBe('query modelMappings')
    expect(others).toEqual([])
    const asked = childrenOf(spans, operation)
    const names = asked.map(({ name }) => name)
    expect(names).toContain('scan')
    expect(names).toContain('SELECT models')
    expect(names.indexOf('scan')).toBeLessThan(names.indexOf('SELECT models'))
    for (const span of asked) {
      expect(span.kind).toBe(3)
      expect(BigInt(span.startTimeUnixNano)).toBeLessThanOrEqual(BigInt(span.endTimeUnixNano))
      expect(BigInt(span.endTimeUnixNano)).toBeLessThanOrEqual(BigInt(operation?.endTimeUnixNano ?? 0))
    }
    expect(spans).toHaveLength(2 + asked.length)
    expect(collector.resource()).toMatchObject({ 'service.name': 'affinityql-eu' })
  })

  it('say which code an operation failed with, and whether that is a failure of the service', async () => {
    const collector = await startCollector()
    const { ask, stop } = await startTraced(json(collector))
    await ask('{ affinities(first: 100000) { totalCount } }')
    await stop()
    const operation = collector.spans().find(({ name }) => name === 'query affinities')
    expect(operation && attributesOf(operation)['error.type']).toBe('BAD_USER_INPUT')
    expect(operation?.status.code ?? 0).toBe(0)
  })

  it('carry no variable, no parameter, no key, no token and no text of the client’s', async () => {
    const collector = await startCollector()
    const { ask, stop, redis } = await startTraced(json(collector))
    const canary = 'canary-1f0c'
    await redis.set(`ap:p:sticky:${canary}`, 'provider-key', 'EX', 60)
    expect(
      await ask(
        'mutation { clearPoolSessions(filter: { providerId: "p" }) { ... on ClearPayload { clearedCount } } }',
      ),
    ).toMatchObject({ data: { clearPoolSessions: { clearedCount: 1 } } })
    await ask(QUERY, { s: canary }, { 'x-client-device-id': canary })
    await ask(`query { userAffinities(identifier: "${canary}") { __typename } }`)
    await ask(`mutation { clearUserCache(identifier: "${canary}", dryRun: true) { __typename } }`)
    await ask(`mutation { login(email: "${canary}@example.com", password: "${canary}") { __typename } }`)
    await ask('{ auditEvents(first: 5) { totalCount } }')
    await stop()
    const names = collector.spans().map(({ name }) => name)
    expect(names).toContain('mutation clearUserCache')
    expect(names).toContain('INSERT audit_logs')
    const sent = collector.requests.map(({ body }) => body).join('\n')
    for (const secret of [canary, ADMIN_TOKEN, ...Object.values(FIXTURE_SECRETS), 'Secret', '$1']) {
      expect(sent).not.toContain(secret)
    }
  })

  it('are of requests alone: start-up, the live index and health checks make none', async () => {
    const collector = await startCollector()
    const { ask, stop } = await startTraced(json(collector))
    await ask('{ viewer { name } }')
    await stop()
    expect(
      collector
        .spans()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['POST /graphql', 'query viewer'])
  })

  it('go out as protobuf, the standard’s default, where no protocol is named', async () => {
    const collector = await startCollector()
    const { ask, stop } = await startTraced({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
    await ask('{ viewer { name } }')
    await stop()
    expect(collector.requests.map(({ path, type }) => `${path} ${type}`)).toEqual([
      '/v1/traces application/x-protobuf',
    ])
    expect(collector.requests[0]?.body).toContain('query viewer')
  })

  it('that a collector refuses are reported once and hinder nothing', async () => {
    const collector = await startCollector({ status: 400 })
    const { service, ask, stop } = await startTraced({ ...json(collector), OTEL_BSP_SCHEDULE_DELAY: '50' })
    for (let turn = 1; turn <= 2; turn++) {
      expect(await ask('{ viewer { name } }')).toMatchObject({ data: { viewer: { name: 'tests' } } })
      await expect.poll(() => collector.requests.length).toBe(turn)
    }
    await stop()
    expect(service.lines.filter((line) => line.includes('traces cannot be sent'))).toHaveLength(1)
  })

  describe('that nobody asked for', () => {
    it.each([
      ['no variable is set', {}],
      ['OTEL_SDK_DISABLED is true', { OTEL_SDK_DISABLED: 'true' }],
      ['OTEL_TRACES_EXPORTER is none', { OTEL_TRACES_EXPORTER: 'none' }],
    ])('cost nothing where %s: OpenTelemetry is not even loaded', async (_when, env) => {
      const collector = await startCollector()
      const endpoint = Object.keys(env).length > 0 ? json(collector) : {}
      expect(await loadedPackages({ ...endpoint, ...env })).toEqual([])
      expect(collector.requests).toEqual([])
    })

    it('would be seen by this test, were they asked for', async () => {
      expect(await loadedPackages(json(await startCollector()))).toContain('sdk-trace-node')
    })
  })
})

/** OpenTelemetry's packages that a run with one query loads; but `api`, no-ops which prom-client brings. */
async function loadedPackages(env: Readonly<Record<string, string>>): Promise<string[]> {
  // V8 writes down each script that it ran.
  const directory = mkdtempSync(join(tmpdir(), 'affinityql-coverage-'))
  const { ask, stop } = await startTraced({ ...env, NODE_V8_COVERAGE: directory })
  await ask(QUERY)
  await stop()
  const scripts = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'))
  expect(scripts.join()).toContain('/dist/main.js')
  const packages = [...scripts.join().matchAll(/@opentelemetry\/([\w-]+)\//g)].map(([, name = '']) => name)
  return [...new Set(packages)].filter((name) => name !== 'api').sort()
}

describe('a statement', () => {
  it.each([
    ['SELECT "public"."users"."id" FROM "public"."users" WHERE 1=0', 'SELECT', 'users'],
    ['INSERT INTO "public"."audit_logs" ("id") VALUES ($1)', 'INSERT', 'audit_logs'],
    ['UPDATE "public"."audit_logs" SET "error_message" = $1', 'UPDATE', 'audit_logs'],
    ['\n  select a.id from api_keys a join users u on true', 'SELECT', 'api_keys'],
    ['COMMIT', 'COMMIT', undefined],
  ])('%s is told as verb and table', (sql, verb, table) => {
    expect(describeStatement(sql)).toEqual({ verb, table })
  })
})
