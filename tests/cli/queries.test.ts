import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VIEWER_TOKEN } from '../support/app.js'
import { writePin } from '../support/pin.js'
import { affinityql, jsonLines, onTerminal, startCli, startServer, type TestServer } from './support.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const run = (...args: string[]) => affinityql(args, { server })

describe('affinityql affinities list', () => {
  it('prints a table of the next hundred, and on stderr how many there are', async () => {
    const { code, stdout, stderr } = await run('affinities', 'list')
    const [head, ...rows] = stdout.trimEnd().split('\n')
    expect(head).toMatch(
      /^USER +API KEY +FORMAT +MODEL +PROVIDER +PROVIDER KEY +REQUESTS +EXPIRES IN +USABILITY +WHY$/,
    )
    expect(rows).toHaveLength(100)
    expect(stderr).toBe('Printed 100 of 506 records; --limit prints more.\n')
    expect(code).toBe(0)
  })

  it('prints every record as NDJSON, each with the rows that it names', async () => {
    const { code, stdout, stderr } = await run('affinities', 'list', '--ndjson')
    const records = jsonLines(stdout)
    expect(records).toHaveLength(506)
    expect(records[0]).toHaveProperty('provider.displayName')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it('prints every field of the rows with --details, and their names alone without', async () => {
    const of = async (...args: string[]) =>
      jsonLines((await run('affinities', 'list', '--ndjson', '--limit', '1', ...args)).stdout)[0]
    expect(await of()).not.toHaveProperty('providerKey.maskedKey')
    expect(await of('--details')).toHaveProperty('providerKey.maskedKey')
    expect((await run('affinities', 'list', '--details', '--records')).code).toBe(2)
  })

  it('prints what Redis holds alone with --records', async () => {
    const { stdout } = await run('affinities', 'list', '--records', '--ndjson')
    expect(jsonLines(stdout)).toHaveLength(506)
    expect(Object.keys(jsonLines(stdout)[0] ?? {})).toEqual([
      'family',
      'affinityKey',
      'apiFormat',
      'modelId',
      'clientFamily',
      'sessionHash',
      'providerId',
      'endpointId',
      'providerKeyId',
      'requestCount',
      'createdAt',
      'expiresAt',
    ])
  })

  it('prints JSON as one array, also when it is empty', async () => {
    const { stdout } = await run('affinities', 'list', '--json', '--search', '张伟', '--limit', '3')
    expect(JSON.parse(stdout)).toHaveLength(3)
    const none = await run('--json', 'affinities', 'list', '--search', 'nobody has this name')
    expect(JSON.parse(none.stdout)).toEqual([])
  })

  it('indents every record of a JSON array alike', async () => {
    const { stdout } = await run('affinities', 'list', '--json', '--limit', '12', '--records')
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(14)
    for (const line of lines.slice(1, -1))
      expect(line).toMatch(/^\{"family":"CACHE_AFFINITY","affinityKey":.*\},?$/)
  })

  it('filters and sorts as the API does', async () => {
    const { stdout } = await run('affinities', 'list', '--json', '--format', 'CLAUDE', '--sort', 'requests')
    const counts: number[] = JSON.parse(stdout).map((record: { requestCount: number }) => record.requestCount)
    expect(counts.length).toBeGreaterThan(10)
    expect(counts).toEqual(counts.toSorted((a, b) => b - a))
    const { stdout: stale } = await run('affinities', 'list', '--ndjson', '--stale')
    for (const record of jsonLines(stale)) expect(record['staleReasons']).not.toEqual([])
  })

  it('ends quietly when its reader has seen enough', async () => {
    const child = startCli(['affinities', 'list', '--ndjson'], { server })
    let said = ''
    child.stderr?.on('data', (text) => {
      said += text
    })
    child.stdout?.destroy()
    const [code] = await once(child, 'close')
    expect({ code, said }).toEqual({ code: 0, said: '' })
  })
})

describe('affinityql affinities watch', () => {
  it('prints each change as it comes, and ends with 130 at Ctrl-C', async () => {
    const child = startCli(['affinities', 'watch', '--ndjson'], { server })
    let said = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    const record = JSON.stringify({
      provider_id: 'p',
      endpoint_id: 'e',
      key_id: 'k',
      created_at: Date.now() / 1_000,
      expire_at: Date.now() / 1_000 + 300,
      request_count: 1,
    })
    // The subscription stands some time after the process: a new record a time until one is seen.
    for (let index = 0; said === ''; index++) {
      await server.redis.client().set(`cache_affinity:watched-${index}:CLAUDE:m`, record, 'EX', 300)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(jsonLines(said.slice(0, said.indexOf('\n') + 1))[0]).toMatchObject({
      type: 'CREATED',
      affinity: { affinityKey: expect.stringMatching(/^watched-/), modelName: 'm', user: null },
    })
    child.kill('SIGINT')
    expect((await once(child, 'close'))[0]).toBe(130)
  })
})

describe('the other queries', () => {
  it.each([
    [['stats'], /reuse rate +\d+\.\d %/],
    [['config'], /cacheReservationRatio 0\.1\n {4}\S/],
    [['mappings', 'list'], /^NAME +MODEL +PROVIDERS +EXPIRES IN\n/],
    [['mappings', 'list', '--providers'], /^PROVIDER +MODEL +NAME AT PROVIDER/],
    [['mappings', 'list', '--unmapped'], /^NAME +STATUS +EXPIRES IN\n[^\n]+ (NOT_FOUND|INVALID|ERROR) /],
    [['mappings', 'stats'], /names resolved +\d+/],
  ])('print for %j what a person reads', async (args, expected) => {
    const { code, stdout } = await run(...args)
    expect(stdout).toMatch(expected)
    expect(code).toBe(0)
  })

  it.each([
    ['stats'],
    ['config'],
    ['mappings list'],
    ['mappings list --providers'],
    ['mappings list --unmapped'],
    ['mappings stats'],
    ['audit'],
  ])('print for `%s` JSON that a program reads', async (words) => {
    const { code, stdout } = await run(...words.split(' '), '--json')
    expect(JSON.parse(stdout)).toBeTypeOf('object')
    expect(code).toBe(0)
  })

  it('prints the statistics again and again with --watch', async () => {
    const child = startCli(['stats', '--watch', '1', '--ndjson'], { server })
    const lines: string[] = []
    child.stdout?.setEncoding('utf8').on('data', (text: string) => lines.push(...text.trim().split('\n')))
    while (lines.length < 2) await new Promise((resolve) => setTimeout(resolve, 20))
    expect(JSON.parse(lines[1] ?? '')).toHaveProperty('observed.created')
    child.kill('SIGINT')
    expect((await once(child, 'close'))[0]).toBe(130)
  })
})

describe('affinityql audit', () => {
  it('tells a dry run from a clear, with how many there were', async () => {
    await run('clear', 'user', '张伟', '--dry-run')
    await run('clear', 'affinity', 'none', 'CLAUDE', 'none', 'none', '--yes')
    const [head, missed, dry] = (await run('audit', '--limit', '2')).stdout.split('\n')
    expect(head).toMatch(/^WHEN \(UTC\) +WHO +FROM +ACTION +ARGUMENTS +DONE +RECORDS +ERROR$/)
    expect(missed).toMatch(/ cache_clear_single +\S+, \S+, \S+, \S+ +no +0 +There is no such/)
    expect(dry).toMatch(/ cache_clear_user +张伟 +dry run +\d+ +-$/)
  })

  it('tells what a clear was of', async () => {
    const key = '72627625-73a0-4254-a098-d15a8738f34d'
    await run('clear', 'filter', '--provider-key', key, '--yes')
    await run('clear', 'filter', '--format', 'CLAUDE', '--honoured', '--yes')
    await run('clear', 'mapping', 'gpt-old', '--yes')
    await run('clear', 'all', '--dry-run')
    const [, all, mapping, honoured, filter] = (await run('audit', '--limit', '4')).stdout.split('\n')
    expect(all).toMatch(/ cache_clear_all +- +dry run/)
    expect(mapping).toMatch(/ model_mapping_cache_clear_by_name +gpt-old +yes/)
    expect(honoured).toMatch(/ CLAUDE, not stale +yes/)
    expect(filter).toMatch(new RegExp(` cache_clear_filtered +${key} +yes`))
  })
})

describe('wide names', () => {
  it('are cut at 40 columns of the terminal, and columns stay in line', async () => {
    const names = ['张'.repeat(60), 'a'.repeat(60), '名']
    for (const name of names) {
      await writePin(server.redis.client(), { affinityKey: 'wide', modelId: name, providerId: 'THERE' })
    }
    const { stdout } = await run('affinities', 'list', '--records', '--search', 'wide')
    const columnOf = (line: string) =>
      [...line.slice(0, line.indexOf('THERE'))].reduce(
        (sum, character) => sum + (character > '\u2e80' ? 2 : 1),
        0,
      )
    const lines = stdout.split('\n').filter((line) => line.includes('THERE'))
    expect(lines).toHaveLength(3)
    expect(new Set(lines.map(columnOf)).size).toBe(1)
    expect(lines.map((line) => /(张*|a*|名)…? +THERE/.exec(line)?.[1]?.length).sort()).toEqual([1, 19, 39])
  })
})

describe('colours', () => {
  it('are for terminals alone', async () => {
    const { stdout } = await run('affinities', 'list', '--limit', '1')
    expect(stdout).not.toContain('\u001b')
    const { screen } = await onTerminal(['affinities', 'list', '--limit', '1'], [], { server })
    expect(screen).toContain('\u001b[1mUSER')
  })

  it('stay away with NO_COLOR', async () => {
    const { screen } = await onTerminal(['stats'], [], { server, env: { NO_COLOR: '1' } })
    expect(screen).toMatch(/^affinities +\d/m)
    expect(screen).not.toContain('\u001b[2m')
  })

  it('do not come from names either: what could steer a terminal is not shown', async () => {
    const name = encodeURIComponent('x')
    await writePin(server.redis.client(), {
      affinityKey: `\u001b[31m${name}`,
      modelId: '\u001b]0;title\u0007',
      ttl: 900_000,
    })
    const { stdout } = await run('affinities', 'list', '--limit', '1', '--records')
    expect(stdout).toContain('�[31mx')
    for (const control of ['\u001b', '\u0007']) expect(stdout).not.toContain(control)
  })
})

describe('a viewer’s token', () => {
  it('may look', async () => {
    const { code } = await affinityql(['stats'], { server, token: VIEWER_TOKEN })
    expect(code).toBe(0)
  })
})
