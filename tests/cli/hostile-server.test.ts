/** The command line asks a server that would steer the terminal of whoever reads, or get the password for another. */
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../src/cli/run.js'
import type { Streams } from '../../src/cli/terminal.js'
import * as operations from '../../src/client/generated/operations.js'
import { createClient } from '../../src/client/index.js'
import { ADMIN_TOKEN } from '../support/app.js'
import { FIXTURE_ADMIN } from '../support/fixtures.js'
import { EVIL, type HostileServer, poisoned, startHostileServer } from './hostile-server.js'
import { onTerminal, startServer, type TestServer } from './support.js'

let honest: TestServer
let hostile: HostileServer
let other: HostileServer
beforeAll(async () => {
  honest = await startServer()
  hostile = await startHostileServer()
  other = await startHostileServer()
})
afterAll(async () => {
  hostile.close()
  other.close()
  await honest.close()
})

/** The command line in this process, without a terminal. A stream has an end if the test says when. */
async function affinityql(
  args: readonly string[],
  { input = '', stopAfter }: { input?: string; stopAfter?: RegExp } = {},
) {
  const stop = new AbortController()
  const stdin = new PassThrough()
  stdin.end(input)
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  let seen = ''
  for (const stream of [stdout, stderr]) {
    stream.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
      if (stopAfter?.test(seen)) stop.abort()
    })
  }
  const said = [text(stdout), text(stderr)] as const
  const env = { AFFINITYQL_URL: hostile.url, AFFINITYQL_TOKEN: ADMIN_TOKEN }
  const code = await run(args, { stdin, stdout, stderr, env } as unknown as Streams, stop.signal)
  stdout.end()
  stderr.end()
  return { code, stdout: await said[0], stderr: await said[1] }
}

/** What steers a terminal, and lines that nobody but the server wrote. */
function steersIn(output: string): string[] {
  const steers = output.match(/(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/gu) ?? []
  return [
    ...steers.map((character) => JSON.stringify(character)),
    ...output.split('\n').filter((line) => /^(affinityql: )*forged/.test(line)),
  ]
}

/** The stand-in answers each request as the honest server does, with evil in the answer. */
function poison(numbers: Parameters<typeof poisoned>[1] = 'numbers stay'): void {
  hostile.answer(async (body) => {
    const { query, variables } = JSON.parse(body)
    const { data, errors } = await honest.query(query, variables)
    const answer = {
      data,
      ...(errors.length > 0 && { errors }),
      extensions: { audit: { message: 'It waits.' } },
    }
    return { body: JSON.stringify(poisoned(answer, numbers)) }
  })
}

/** The stand-in streams one event, and then nothing. */
const stream = (event: unknown): void => hostile.answer(() => eventStream(event))

const eventStream = (event: unknown) => ({
  headers: { 'content-type': 'text/event-stream' },
  body: `event: next\ndata: ${JSON.stringify({ data: event })}\n\n`,
})

const READS = [
  ['affinities', 'list', '--limit', '5'],
  ['affinities', 'list', '--limit', '5', '--details'],
  ['affinities', 'list', '--limit', '5', '--records'],
  ['stats'],
  ['config'],
  ['mappings', 'list'],
  ['mappings', 'list', '--providers'],
  ['mappings', 'list', '--unmapped'],
  ['mappings', 'stats'],
  ['audit'],
  ['changes'],
  ['clear', 'user', '张伟', '--dry-run'],
  ['clear', 'user', 'nobody', '--dry-run'],
  ['clear', 'filter', '--stale', '--dry-run'],
  ['clear', 'mappings', '--dry-run'],
].map((args) => ({ args, command: args.join(' ') }))

const { email, password } = FIXTURE_ADMIN

describe('a server whose every text would steer a terminal', () => {
  beforeAll(async () => {
    // An event for `audit`, and something to say who did it.
    await honest.query('mutation { clearUserCache(identifier: "nobody") { __typename } }')
    // A change for `changes`.
    await honest.query('mutation { clearAffinities(filter: { apiFormat: "OPENAI" }) { __typename } }')
  })

  it.each(READS)('steers none that reads a table: $command', async ({ args }) => {
    poison()
    const { stdout, stderr } = await affinityql(args)
    expect(stdout + stderr).toContain('evil')
    expect(steersIn(stdout + stderr)).toEqual([])
  })

  it.each(READS)('nor where it sends texts for numbers: $command', async ({ args }) => {
    poison('numbers are texts')
    const { stdout, stderr } = await affinityql(args)
    expect(steersIn(stdout + stderr)).toEqual([])
  })

  it.each(READS)('nor one that reads JSON, which has the whole text: $command', async ({ args }) => {
    for (const format of ['--json', '--ndjson']) {
      poison('numbers are texts')
      const { stdout, stderr } = await affinityql([...args, format])
      expect(steersIn(stdout + stderr)).toEqual([])
      const [first = ''] = format === '--json' ? [stdout] : stdout.split('\n')
      expect(JSON.stringify(JSON.parse(first))).toContain(JSON.stringify(EVIL).slice(1, -1))
    }
  })

  it.each([[[]], [['--json']]])(
    'is not obeyed by `login` %j, neither when it refuses nor by its token',
    async (format) => {
      poison()
      const refused = await affinityql(['login', email, ...format], { input: 'wrong\n' })
      expect(refused.code).toBe(4)
      const signedIn = await affinityql(['login', email, ...format], { input: `${password}\n` })
      expect(steersIn(refused.stdout + refused.stderr + signedIn.stdout + signedIn.stderr)).toEqual([])
      // A token that no header carries is none.
      expect(signedIn).toMatchObject({ code: 1, stdout: '' })
      expect(signedIn.stderr).toContain('The server sent a token that cannot be used')
    },
  )

  it.each([[undefined], [7], ['two words'], ['']])('and %j is no token, either', async (token) => {
    const login = { __typename: 'LoginPayload', token, expiresAt: '', viewer: { name: 'root' } }
    hostile.answer(() => ({ body: JSON.stringify({ data: { login } }) }))
    expect(await affinityql(['login', email], { input: `${password}\n` })).toMatchObject({
      code: 1,
      stdout: '',
    })
  })

  it('nor by what it says of who has signed in', async () => {
    const login = { __typename: 'LoginPayload', token: 'aql.token', expiresAt: EVIL, viewer: { name: EVIL } }
    hostile.answer(() => ({ body: JSON.stringify({ data: { login } }) }))
    const { code, stdout, stderr } = await affinityql(['login', email], { input: `${password}\n` })
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'aql.token\n' })
    expect(stderr).toContain('evil')
    expect(steersIn(stderr)).toEqual([])
  })

  it.each(['table', '--json'])('is not obeyed by `affinities watch`: %s', async (format) => {
    const { affinities } = (await honest.query(operations.AffinityNames.text, { first: 1 })).data
    const affinity = affinities.nodes[0]
    const affinityEvents = poisoned(
      { type: 'SWITCHED', at: '', affinity, previousProviderId: 'x' },
      'numbers are texts',
    )
    stream({ affinityEvents })
    const args = ['affinities', 'watch', ...(format === 'table' ? [] : [format])]
    const { stdout, stderr } = await affinityql(args, { stopAfter: /evil[\s\S]*connects again/ })
    expect(stdout).toContain('evil')
    expect(steersIn(stdout + stderr)).toEqual([])
  })

  it.each(['table', '--json'])('nor by `stats --watch`: %s', async (format) => {
    stream(poisoned((await honest.query(operations.CacheStats.text)).data, 'numbers are texts'))
    const args = ['stats', '--watch', ...(format === 'table' ? [] : [format])]
    const { stdout, stderr } = await affinityql(args, { stopAfter: /evil[\s\S]*connects again/ })
    expect(stdout).toContain('evil')
    expect(steersIn(stdout + stderr)).toEqual([])
  })

  it.each(['table', '--json', '--ndjson'])('nor by `clear --follow`: %s', async (format) => {
    const state = {
      ...{ repinnedElsewhere: 1, repinnedSame: 1, repinnedSameKey: 1, notSeenSince: 1 },
      byProvider: [{ provider: { displayName: '' }, count: 1 }],
      notSeenApiKeys: [{ name: '' }],
    }
    const clearFollowUp = poisoned(state, 'numbers are texts')
    const clearAllCache = { message: EVIL, clearedCount: 1, auditEvent: { id: EVIL } }
    hostile.answer((body) =>
      body.includes('subscription')
        ? eventStream({ clearFollowUp })
        : { body: JSON.stringify({ data: { clearAllCache } }) },
    )
    const args = ['clear', 'all', '--yes', '--follow', ...(format === 'table' ? [] : [format])]
    const { code, stdout, stderr } = await affinityql(args, { stopAfter: /connects again/ })
    expect(stdout).toContain('evil')
    expect(steersIn(stdout + stderr)).toEqual([])
    expect(code).toBe(130)
  })

  it.each([
    ['an error', { errors: [{ message: EVIL, extensions: { code: EVIL } }] }],
    [
      'an error that sends for the log',
      { errors: [{ message: EVIL, extensions: { code: 'INTERNAL_SERVER_ERROR' } }] },
    ],
    ['an error beside data', { data: { cacheConfig: { parameters: [] } }, errors: [{ message: EVIL }] }],
    ['an answer of another kind', EVIL],
    [
      'an error of a code that every object has',
      { errors: [{ message: EVIL, extensions: { code: 'constructor' } }] },
    ],
    ['data of another shape', { data: { [EVIL]: EVIL } }],
  ])('is not obeyed where it sends %s', async (_what, answer) => {
    hostile.answer(() => ({
      body: JSON.stringify(answer),
      headers: { 'content-type': 'application/json', 'x-request-id': 'id' },
    }))
    for (const args of [['config'], ['clear', 'all', '--yes'], ['affinities', 'watch']]) {
      const { stdout, stderr, code } = await affinityql(args)
      expect(steersIn(stdout + stderr)).toEqual([])
      expect(code).toBeGreaterThan(0)
    }
  })

  it('makes no line of the preview of a clear, on a terminal', async () => {
    poison()
    const { code, screen } = await onTerminal(['clear', 'user', '张伟'], [[/\[y\/N\] /, 'n\n']], {
      server: hostile,
      env: { NO_COLOR: '1' },
    })
    expect(code).toBe(4)
    expect(screen).toContain('evil')
    // What readline itself writes to ask: a column, and the rest of the screen cleared.
    const own = [
      '\r\u001b[K',
      '\u001b[0J',
      ...Array.from({ length: 200 }, (_, column) => `\u001b[${column}G`),
    ]
    const shown = own.reduce((rest, sequence) => rest.replaceAll(sequence, ''), screen)
    expect(steersIn(shown.replaceAll('\r\n', '\n'))).toEqual([])

    const found = await honest.query('{ affinities(search: "张伟", first: 5) { nodes { modelId } } }')
    const lines = shown.split('\n')
    const head = lines.findIndex((line) => line.startsWith('USER'))
    const question = lines.findIndex((line) => line.includes('[y/N]'))
    expect(question - head - 1).toBe(found.data.affinities.nodes.length)
  })
})

it('an argument that is wrong is repeated, and not obeyed', async () => {
  for (const args of [['stats', `--${EVIL}`], [EVIL], ['stats', '--watch', EVIL]]) {
    const { code, stdout, stderr } = await affinityql(args)
    expect(stderr).toContain('evil')
    expect((stdout + stderr).match(/(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/gu)).toBeNull()
    expect(code).toBe(2)
  }
})

describe('a server that sends the client elsewhere', () => {
  const elsewhere = (status: number) =>
    hostile.answer(() => ({ status, headers: { location: `${other.url}/graphql` }, body: '' }))

  it.each([301, 302, 303, 307, 308])('gets no password for it, nor a token: %i', async (status) => {
    elsewhere(status)
    const { code, stdout, stderr } = await affinityql(['login', email], { input: `${password}\n` })
    expect(other.received).toEqual([])
    expect(stderr).toContain('(REDIRECTED)')
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' })
  })

  it('is asked once by a query, a clear and a subscription, and the error has its own code', async () => {
    elsewhere(307)
    const client = createClient({ url: hostile.url, token: ADMIN_TOKEN })
    const calls = [
      () => client.cacheConfig(),
      () => client.clearAllCache({ confirm: true }),
      () => client.affinityEvents().next(),
      () => client.cacheStats.watch().next(),
      () => client.request('{ viewer { name } }'),
    ]
    for (const call of calls) {
      const before = hostile.received.length
      await expect(call()).rejects.toMatchObject({ name: 'AffinityqlError', code: 'REDIRECTED' })
      expect(hostile.received.length).toBe(before + 1)
    }
    expect(other.received).toEqual([])
  })

  it('has cleared nothing, so that nobody is told that it may have', async () => {
    elsewhere(308)
    const { code, stderr } = await affinityql(['clear', 'all', '--yes'])
    expect(stderr).not.toContain('may have cleared')
    expect(code).toBe(5)
  })
})
