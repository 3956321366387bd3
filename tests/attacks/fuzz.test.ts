/**
 * Fuzzing of the whole service in production mode, over HTTP, with planted secrets. It takes some seconds;
 * `FUZZ_SECONDS=600 FUZZ_SEED=7 npm test -- tests/attacks/fuzz.test.ts` runs longer and with other requests.
 */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import * as fc from 'fast-check'
import { Kind, parse, print } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.js'
import { PUBLIC_CODES } from '../../src/server/mask-error.js'
import { CANARIES, CANARY_ENVIRONMENT, plantCanaries, secretsIn } from './canaries.js'
import { type Listening, startListening } from './http.js'
import { randomDocument } from './random-documents.js'

const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 8)
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_122)
/** No answer takes longer than this; one that hangs would. */
const ANSWER_WITHIN_MS = 10_000

let server: Listening
beforeAll(async () => {
  server = await startListening({
    env: { ...CANARY_ENVIRONMENT, NODE_ENV: 'production' },
  })
  plantCanaries(server.service.databaseUrl)
})
afterAll(() => server.close())

let cases = 0
/** Those that were run: a fuzz of refusals alone would find little. */
let answered = 0

interface Sent {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer>
}

/** Sends it, and looks at all that came back. */
async function harmless({ method = 'POST', path = '/graphql', headers, body }: Sent): Promise<void> {
  cases += 1
  const response = await fetch(`${server.url}${path}`, {
    method,
    redirect: 'manual',
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    headers: {
      authorization: `Bearer ${CANARIES.staticToken}`,
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...headers,
    },
    ...(body !== undefined && { body }),
  })
  const text = await response.text()
  const told = `${response.status} ${JSON.stringify([...response.headers])} ${text}`
  expect(secretsIn(told)).toEqual([])
  expect(response.status, told.slice(0, 500)).toBeLessThan(500)
  if (text === '' || !response.headers.get('content-type')?.includes('json')) return
  const { data, errors = [] } = JSON.parse(text) as {
    data?: unknown
    errors?: { extensions: { code: string } }[]
  }
  if (data) answered += 1
  for (const { extensions } of errors) {
    expect(PUBLIC_CODES).toContain(extensions.code)
    expect(extensions.code, told.slice(0, 500)).not.toBe('INTERNAL_SERVER_ERROR')
  }
}

const operation = (query: unknown, variables?: unknown): Sent => ({
  body: JSON.stringify({ query, variables }),
})

/** The client's own documents, as they are sent. */
const REAL = (() => {
  const { definitions } = parse(
    readFileSync(new URL('../../src/client/operations.graphql', import.meta.url), 'utf8'),
  )
  const fragments = definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION).map(print)
  return definitions
    .flatMap((node) =>
      node.kind === Kind.OPERATION_DEFINITION && node.operation !== 'subscription' ? [print(node)] : [],
    )
    .map((text) =>
      [text, ...fragments.filter((fragment) => text.includes(`...${fragment.split(' ')[1]}`))].join('\n'),
    )
})()

const headerText = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 60,
})

/** A real text, cut, doubled, spliced and written over in places. */
const mutated = (texts: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom(...texts),
      fc.array(
        fc.record({
          at: fc.double({ min: 0, max: 1, noNaN: true }),
          length: fc.integer({ min: 0, max: 40 }),
          by: fc.oneof(
            fc.string({ unit: 'binary', maxLength: 8 }),
            fc.constantFrom('{', '}', '(', '$', '...', '"', '@', '[', '__typename', 'on ', ...texts),
          ),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    )
    .map(([text, edits]) =>
      edits.reduce((now, { at, length, by }) => {
        const start = Math.floor(at * now.length)
        return now.slice(0, start) + by + now.slice(start + length)
      }, text),
    )

const requests: Readonly<Record<string, fc.Arbitrary<Sent>>> = {
  'random valid queries': fc.gen().map((g) => operation(randomDocument(schema, 'query', g))),
  'random valid mutations': fc.gen().map((g) => operation(randomDocument(schema, 'mutation', g))),
  'real documents, mutated': fc
    .tuple(mutated(REAL), fc.jsonValue({ maxDepth: 3 }))
    .map(([text, variables]) => operation(text, variables)),
  'real requests, mutated as bytes': mutated(REAL.map((query) => JSON.stringify({ query }))).map((body) => ({
    body,
  })),
  'random JSON': fc.oneof(
    fc.json().map((body) => ({ body })),
    fc
      .dictionary(
        fc.constantFrom(
          'query',
          'variables',
          'operationName',
          'extensions',
          'documentId',
          'id',
          'map',
          '__proto__',
        ),
        fc.jsonValue(),
      )
      .map((value) => ({ body: JSON.stringify(value) })),
  ),
  'random bytes': fc.uint8Array({ maxLength: 2_000 }).map((bytes) => ({ body: new Uint8Array(bytes) })),
  'random headers': fc
    .dictionary(
      fc.constantFrom(
        'authorization',
        'accept',
        'content-type',
        'content-encoding',
        'origin',
        'x-request-id',
        'x-forwarded-for',
        'x-forwarded-proto',
        'cookie',
        'traceparent',
        'if-none-match',
      ),
      headerText,
    )
    .map((headers) => ({ headers, body: '{"query":"{ viewer { name } }"}' })),
  'random paths': fc
    .tuple(
      fc.constantFrom('GET', 'POST', 'PUT', 'OPTIONS', 'DELETE', 'HEAD'),
      fc.constantFrom('/', '/graphql?', '/graphql/', '/health/', '/metrics', '/assets/'),
      fc.webQueryParameters(),
    )
    .map(([method, start, rest]) => ({ method, path: start + rest })),
}
const share = (SECONDS * 1_000) / (Object.keys(requests).length + 1)
const LEAST_RUNS = 3

/** Checks a property for its share of the time, and some times however long that takes. */
async function assertInTime<Values>(property: fc.IAsyncProperty<Values>): Promise<void> {
  await fc.assert(property, { seed: SEED, numRuns: LEAST_RUNS })
  const result = await fc.check(property, {
    seed: SEED + 1,
    numRuns: 1_000_000,
    interruptAfterTimeLimit: share,
  })
  const hadNoTime = result.interrupted && result.numRuns === 0
  if (result.failed && !hadNoTime) throw new Error(fc.defaultReportMessage(result))
}

describe('no random request causes a leaked secret, an internal error or a missing answer', () => {
  it.each(Object.entries(requests))(
    '%s',
    (_, request) => assertInTime(fc.asyncProperty(request, harmless)),
    share + 60_000,
  )

  it(
    'random bytes in place of HTTP',
    async () => {
      const { hostname, port } = new URL(server.url)
      const say = (bytes: Uint8Array): Promise<string> =>
        new Promise((resolve, reject) => {
          let answer = ''
          const socket = connect(Number(port), hostname, () => socket.end(bytes))
          socket.on('data', (chunk) => {
            answer += chunk.toString('latin1')
          })
          socket.on('error', () => {})
          socket.on('close', () => resolve(answer))
          socket.setTimeout(ANSWER_WITHIN_MS, () => reject(new Error('it hangs')))
        })
      const bytes = fc.oneof(
        fc.uint8Array({ maxLength: 500 }),
        mutated([
          'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 15\r\nconnection: close\r\n\r\n{"query":"{ a }"',
          'GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
          'POST /graphql HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\nconnection: close\r\n\r\n5\r\n{"a":\r\n0\r\n\r\n',
        ]).map((text) => Buffer.from(text, 'latin1')),
      )
      await assertInTime(
        fc.asyncProperty(bytes, async (sent) => {
          cases += 1
          const answer = await say(sent)
          expect(answer).toMatch(/^$|^HTTP\/1\.1 [1-4]/)
          expect(secretsIn(answer)).toEqual([])
        }),
      )
    },
    share + 60_000,
  )

  it('and after all of it the service answers, and no secret is in its log or its metrics', async () => {
    const { status, text } = await server.send({
      body: '{"query":"{ viewer { name } }"}',
      token: CANARIES.staticToken,
    })
    expect([status, text]).toEqual([200, '{"data":{"viewer":{"name":"canary"}}}'])
    const metrics = await server.send({
      method: 'GET',
      path: '/metrics',
      headers: {},
      token: CANARIES.staticToken,
    })
    expect(metrics.status).toBe(200)
    expect(secretsIn(metrics.text)).toEqual([])
    expect(secretsIn(JSON.stringify(server.service.logs))).toEqual([])
    // A machine with other work may keep a store from answering in time, which is not what a request has caused.
    const isSlow = (reason: unknown) => /timed out|Socket timeout/.test(String(reason))
    const grave = server.service.logs.filter(({ level, reason }) => Number(level) >= 50 && !isSlow(reason))
    expect(grave).toEqual([])
    expect(cases).toBeGreaterThan(LEAST_RUNS * Object.keys(requests).length)
    expect(answered).toBeGreaterThan(0)
    process.stdout.write(`${cases} cases in ${SECONDS} s with seed ${SEED}; ${answered} had data\n`)
  })
})
