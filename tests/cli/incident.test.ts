/** What an operator asks while a provider is broken: what has changed, and did the clear work. */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { untilShown } from '../api/shown.js'
import { type Pin, writePin } from '../support/pin.js'
import { type HostileServer, startHostileServer } from './hostile-server.js'
import { affinityql, jsonLines, type Said, startServer, type TestServer } from './support.js'

const ANTHROPIC = '42a90167-8c53-4a24-b4e4-2b0c84578881'

let server: TestServer
/** It answers what a test says, at once. */
let standIn: HostileServer
beforeAll(async () => {
  server = await startServer({ redis: 'empty' })
  standIn = await startHostileServer()
})
beforeEach(async () => {
  await server.redis.client().flushall()
  await untilShown(server)
})
afterAll(async () => {
  standIn.close()
  await server.close()
})

async function pin(...pins: readonly Pin[]): Promise<void> {
  const pipeline = server.redis.client().pipeline()
  for (const one of pins) writePin(pipeline, one)
  await pipeline.exec()
  await untilShown(server)
}

const pinsOf = (count: number, fields: Partial<Pin> = {}): Pin[] =>
  Array.from({ length: count }, (_, n) => ({ affinityKey: `key-${n}`, ...fields }))

const run = (...args: string[]) => affinityql(args, { server })

const displayNameOf = async (id: string): Promise<string> => {
  const [row] = await sql(server.databaseUrl, 'SELECT display_name FROM providers WHERE id = $1', [id])
  return String(row?.['display_name'])
}

describe('affinityql changes', () => {
  it('lists switches, removals and clears, the newest first, and a large clear as one line without names', async () => {
    const anthropic = await displayNameOf(ANTHROPIC)
    await pin(...pinsOf(150, { providerId: 'broken' }), { affinityKey: 'moves', providerId: ANTHROPIC })
    await pin({ affinityKey: 'moves', providerId: 'other', providerKeyId: 'new', requestCount: 2 })
    await server.redis.client().del('cache_affinity:moves:CLAUDE:model')
    await untilShown(server)
    await run('clear', 'provider', 'broken', '--yes')
    const { code, stdout, stderr } = await run('changes')
    const [head, ...lines] = stdout.trimEnd().split('\n')
    expect(head).toMatch(
      /^ +WHEN \(UTC\) +TYPE +AFFINITIES +USER .* PROVIDER +PROVIDER KEY +BEFORE +KEY BEFORE$/,
    )
    const time = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d'
    expect(lines[0]).toMatch(new RegExp(`^${time} +CLEARED +150( +-)+$`))
    expect(lines[1]).toMatch(new RegExp(`^${time} +REMOVED +1 +- +moves +CLAUDE +model +other +new( +-)+$`))
    expect(lines[2]).toMatch(new RegExp(`^${time} +SWITCHED +1 .* other +new +${anthropic} +k$`))
    expect(stderr).toMatch(
      new RegExp(
        `\\nThis server knows every change since ${time} UTC; of the time before, some may be missing\\. Each replica lists what it saw itself\\.\\n$`,
      ),
    )
    expect(code).toBe(0)
  })

  it('leaves out what a person misses least where the terminal is narrow, and cuts no time', async () => {
    await pin({ affinityKey: 'moves', providerId: 'here' })
    await pin({ affinityKey: 'moves', providerId: 'there', requestCount: 2 })
    const { stdout } = await affinityql(['changes', '--type', 'SWITCHED'], { server, env: { COLUMNS: '80' } })
    const [head, first] = stdout.split('\n')
    expect(head).toMatch(/^ +WHEN \(UTC\) +TYPE .*PROVIDER .*BEFORE/)
    expect(head).not.toContain('FORMAT')
    expect(first).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +SWITCHED .*there/)
  })

  it('takes a type and a provider by name, whose switches are those to it and away from it', async () => {
    const name = await displayNameOf(ANTHROPIC)
    await pin({ affinityKey: 'to-and-fro', providerId: 'p1' })
    await pin({ affinityKey: 'to-and-fro', providerId: ANTHROPIC, requestCount: 2 })
    await pin({ affinityKey: 'to-and-fro', providerId: 'p2', requestCount: 3 })
    await pin({ affinityKey: 'to-and-fro', providerId: 'p3', requestCount: 4 })
    const switched = async (provider: string) => {
      const { stdout } = await run('changes', '--provider', provider, '--type', 'SWITCHED', '--ndjson')
      return jsonLines(stdout)
        .filter(({ affinityKey }) => affinityKey === 'to-and-fro')
        .map(({ type, providerId, previousProviderId }) => [type, previousProviderId, providerId])
    }
    const both = [
      ['SWITCHED', ANTHROPIC, 'p2'],
      ['SWITCHED', 'p1', ANTHROPIC],
    ]
    expect(await switched(name)).toEqual(both)
    expect(await switched(ANTHROPIC)).toEqual(both)
    // Nothing is pinned there any more, and no row has this id.
    expect(await switched('p2')).toHaveLength(2)
    const removed = await run('changes', '--type', 'REMOVED', '--provider', 'p2', '--json')
    expect(JSON.parse(removed.stdout)).toEqual([])
  })

  it('names the candidates for a name that nobody has, and says what an id is', async () => {
    const name = await displayNameOf(ANTHROPIC)
    const unknown = await run('changes', '--provider', name.slice(0, -1))
    expect(unknown.stderr).toMatch(/These providers have the text .*\n[\s\S]*Nothing was listed: none of/)
    expect(unknown).toMatchObject({ code: 3, stdout: '' })
    expect((await run('changes', '--user', 'alice')).stderr).toContain('A name is not an id')
  })

  it('asks for the time that is meant, an hour unless --since says otherwise, and says nothing where all is known', async () => {
    let knownSince = '2020-01-01T00:00:00.000Z'
    standIn.answer(() => {
      const pageInfo = { hasNextPage: false, endCursor: null }
      const affinityChanges = { nodes: [], pageInfo, totalCount: 0, knownSince }
      return { body: JSON.stringify({ data: { affinityChanges } }) }
    })
    const ageOf = async (...args: string[]) => {
      const before = Date.now()
      const { stderr } = await affinityql(['changes', '--json', ...args], { server: standIn })
      const { since } = JSON.parse(standIn.received.at(-1) ?? '').variables
      const [least, most] = [before, Date.now()].map((now) => (now - Date.parse(since)) / 60_000)
      return { least, most, stderr }
    }
    for (const [args, minutes] of [
      [[], 60],
      [['--since', '90m'], 90],
      [['--since', '2d'], 2_880],
    ] as const) {
      const { least, most, stderr } = await ageOf(...args)
      expect(least).toBeLessThanOrEqual(minutes)
      expect(most).toBeGreaterThanOrEqual(minutes)
      expect(stderr).toBe('')
    }
    knownSince = new Date().toISOString()
    expect((await ageOf()).stderr).toMatch(/^This server knows .* may be missing/)
  })

  it.each([
    ['--type', 'CREATED'],
    ['--since', '0h'],
    ['--since', '32d'],
    ['--since', '30s'],
    ['--limit', '0'],
  ])('is wrong usage with %s %s', async (...args) => {
    expect((await run('changes', ...args)).code).toBe(2)
  })
})

/** Lets a test say when a time of so many milliseconds is over. */
function timeInHand(wanted: number): () => void {
  const { setTimeout } = globalThis
  let end = () => {}
  const later = (run: () => void, ms?: number, ...args: []) => {
    if (ms === wanted) end = run
    return setTimeout(run, ms, ...args)
  }
  const spy = vi.spyOn(globalThis, 'setTimeout').mockImplementation(later as typeof setTimeout)
  onTestFinished(() => spy.mockRestore())
  return () => end()
}

interface Following extends Said {
  readonly ended: Promise<{ readonly code: number | null }>
  readonly interrupt: () => void
  readonly until: (stream: keyof Said, text: RegExp) => Promise<void>
}

/** Begins a clear that is followed. */
function follow(args: readonly string[]): Following {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const said: Said = { stdout: '', stderr: '' }
  const ended = affinityql(['clear', ...args], { server, live: said, signal: stop.signal })
  return Object.assign(said, {
    ended,
    interrupt: () => stop.abort(),
    until: (stream: keyof Said, text: RegExp) =>
      expect.poll(() => said[stream], { interval: 20 }).toMatch(text),
  })
}

const NOBODY_YET = '0 elsewhere, 0 at the same provider again, 3 not seen since'

describe('affinityql clear … --follow', () => {
  beforeEach(() => pin(...pinsOf(3, { providerId: 'broken' })))
  const CLEAR = ['provider', 'broken', '--yes', '--follow'] as const

  it('shows a line a change until everybody is elsewhere, sums up, and ends with 0', async () => {
    const name = await displayNameOf(ANTHROPIC)
    const following = follow(CLEAR)
    await following.until('stdout', new RegExp(NOBODY_YET))
    await pin({ affinityKey: 'key-0', providerId: ANTHROPIC })
    await following.until('stdout', /1 elsewhere/)
    await pin({ affinityKey: 'key-1', providerId: ANTHROPIC }, { affinityKey: 'key-2', providerId: 'spare' })
    expect(await following.ended).toMatchObject({ code: 0 })
    const [cleared, ...lines] = following.stdout.trimEnd().split('\n')
    expect(cleared).toMatch(/^Cleared 3 affinities/)
    expect(lines[0]).toMatch(new RegExp(`^after \\d+ s: ${NOBODY_YET}$`))
    expect(lines[1]).toMatch(
      new RegExp(`^after \\d+ s: 1 elsewhere, 0 at the same provider again, 2 not seen since; ${name} 1$`),
    )
    expect(lines.at(-1)).toMatch(new RegExp(`^Everybody is elsewhere after \\d+ s: ${name} 2, spare 1\\.$`))
  })

  it('ends with 6 if some are at the same provider again', async () => {
    const following = follow(CLEAR)
    await following.until('stdout', new RegExp(NOBODY_YET))
    await pin(
      { affinityKey: 'key-0', providerId: 'broken' },
      { affinityKey: 'key-1', providerId: 'broken', providerKeyId: 'another' },
      { affinityKey: 'key-2', providerId: 'spare' },
    )
    expect(await following.ended).toMatchObject({ code: 6 })
    expect(following.stdout).toMatch(
      /\nEverybody is back, but not all elsewhere, after \d+ s: 1 elsewhere, 2 at the same provider again, 0 not seen since; broken 2, spare 1; 1 at the same provider key again\.\n$/,
    )
  })

  it('ends with 6 when the time is over, and names API keys that were not seen', async () => {
    const [key] = await sql(server.databaseUrl, 'SELECT id, name FROM api_keys ORDER BY id LIMIT 1')
    await pin({ affinityKey: String(key?.['id']), providerId: 'broken' })
    const endTime = timeInHand(7 * 60_000)
    const following = follow([...CLEAR, '--follow-for', '7m'])
    await following.until('stdout', /4 not seen since/)
    endTime()
    expect(await following.ended).toMatchObject({ code: 6 })
    const [keys, summary] = following.stdout.trimEnd().split('\n').slice(-2)
    expect(keys).toBe(`Not seen since, API keys such as: ${String(key?.['name'])}`)
    expect(summary).toMatch(
      /^Not everybody is back after \d+ s: 0 elsewhere, 0 at the same provider again, 4 not seen since\.$/,
    )
  })

  it('follows for ten minutes unless it is told for how long', async () => {
    const endTime = timeInHand(10 * 60_000)
    const following = follow(CLEAR)
    await following.until('stdout', new RegExp(NOBODY_YET))
    endTime()
    expect(await following.ended).toMatchObject({ code: 6 })
  })

  it('ends in time although garbage is collected meanwhile', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const following = follow([...CLEAR, '--follow-for', '1s'])
    await following.until('stdout', new RegExp(NOBODY_YET))
    collect()
    expect(await following.ended).toMatchObject({ code: 6 })
  })

  it('ends with 130 after Ctrl-C, and says what it has seen', async () => {
    const following = follow(CLEAR)
    await following.until('stdout', new RegExp(NOBODY_YET))
    following.interrupt()
    expect(await following.ended).toMatchObject({ code: 130 })
    expect(following.stdout).toMatch(
      new RegExp(`\\nNot everybody is back after \\d+ s: ${NOBODY_YET}\\.\\n$`),
    )
  })

  it('follows nothing where nothing was cleared', async () => {
    const { code, stdout, stderr } = await run('clear', 'provider', ANTHROPIC, '--yes', '--follow')
    expect(stdout).toMatch(/^Cleared 0 affinities[^\n]*\n$/)
    expect(stderr).not.toContain('back')
    expect(code).toBe(0)
  })

  it.each([
    ['--follow', '--dry-run'],
    ['--follow-for', '2m', '--dry-run'],
    ['--follow-for', '60m'],
    ['--follow-for', '1h'],
    ['--follow-for', '10'],
  ])('is wrong usage with %s %s', async (...args) => {
    expect((await run('clear', 'all', '--yes', ...args)).code).toBe(2)
  })
})

describe('affinityql clear … --follow, at a server that plays its part', () => {
  const BEFORE = {
    ...{ cleared: 3, repinnedElsewhere: 0, repinnedSame: 0, repinnedSameKey: 0, notSeenSince: 3 },
    ...{ byProvider: [], notSeenApiKeys: [] },
  }
  const AFTER = {
    ...{ ...BEFORE, repinnedElsewhere: 3, notSeenSince: 0 },
    byProvider: [{ providerId: 'spare', provider: null, count: 3 }],
  }
  const inOrder = [BEFORE, AFTER].map((clearFollowUp) => ({ data: { clearFollowUp } }))
  const sum = 'Everybody is elsewhere after \\d+ s: spare 3\\.\n'

  /** The clear succeeds, and the subscription answers so. */
  function answers(...subscription: readonly object[]): void {
    standIn.answer((body) => {
      const { query } = JSON.parse(body)
      if (query.includes('clearFollowUp')) {
        const events = subscription.map((answer) => `event: next\ndata: ${JSON.stringify(answer)}\n\n`)
        return { headers: { 'content-type': 'text/event-stream' }, body: events.join('') }
      }
      const field = /mutation \w+[^{]*\{\s*(\w+)/.exec(query)?.[1] ?? ''
      const done = {
        message: 'Cleared 3 affinities.',
        clearedCount: 3,
        dryRun: false,
        auditEvent: { id: 'x' },
      }
      return { body: JSON.stringify({ data: { [field]: done } }) }
    })
  }
  const clear = (args: readonly string[], terminal: { readonly columns?: number } = {}) =>
    affinityql(['clear', ...args, '--yes', '--follow'], { server: standIn, ...terminal })

  it.each([
    ['user', 'alice'],
    ['affinity', 'key', 'CLAUDE', 'model', 'endpoint'],
    ['provider', ANTHROPIC],
    ['model', ANTHROPIC],
    ['filter', '--stale'],
    ['all'],
  ])('follows a clear of affinities: clear %s', async (...args) => {
    answers(...inOrder)
    const { code, stdout } = await clear(args)
    expect(stdout).toMatch(new RegExp(`\n${sum}$`))
    expect(JSON.parse(standIn.received.at(-1) ?? '').variables).toEqual({ auditEventId: 'x' })
    expect(code).toBe(0)
  })

  it('shows one progress line on a terminal, no wider than that, and the sum', async () => {
    answers(...inOrder)
    const { stdout, stderr } = await clear(['all'], { columns: 60 })
    // Each progress line takes the place of the one before.
    const progress = stderr.split('\r\u001b[K')
    expect(stdout).toMatch(new RegExp(`^Cleared 3 affinities\\.\n${sum}$`))
    expect(progress).toContain(`Following: ${NOBODY_YET}`.slice(0, 58).concat('…'))
    expect(progress.at(-1)).toBe('')
  })

  it('prints with --json the clear with the last state, as one value', async () => {
    answers(...inOrder)
    const { stdout, stderr } = await clear(['all', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ clearedCount: 3, followUp: AFTER })
    expect(stderr).toMatch(new RegExp(`^${sum}$`))
  })

  it('prints with --ndjson the clear, and then each state', async () => {
    answers(...inOrder)
    const { stdout } = await clear(['all', '--ndjson'])
    expect(jsonLines(stdout)).toMatchObject([{ clearedCount: 3 }, BEFORE, AFTER])
  })

  it('has no such option for caches of models, which nobody is pinned by', async () => {
    expect((await clear(['mappings'])).code).toBe(2)
  })

  it('says that the clear was done where another replica keeps its follow-up, and ends with 6', async () => {
    answers({ errors: [{ message: 'This instance keeps none.', extensions: { code: 'BAD_USER_INPUT' } }] })
    const { code, stdout, stderr } = await clear(['all', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ clearedCount: 3, followUp: null })
    expect(stderr).toContain(
      'The clear was done, but it cannot be followed: This instance keeps none. (BAD_USER_INPUT)',
    )
    expect(stderr).toMatch(/It is not known where the affinities of this clear are pinned since\.\n$/)
    expect(code).toBe(6)
  })
})
