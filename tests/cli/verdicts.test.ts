import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { writePin } from '../support/pin.js'
import { affinityql, jsonLines, startCli, startServer, type TestServer } from './support.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const run = (...args: string[]) => affinityql(args, { server })
const list = async (...args: string[]) =>
  jsonLines((await run('affinities', 'list', '--ndjson', ...args)).stdout)

const MODE = `INSERT INTO system_configs (id, key, value, created_at, updated_at)
  VALUES (gen_random_uuid()::text, 'scheduling_mode', $1, now(), now())
  ON CONFLICT (key) DO UPDATE SET value = $1`

describe('the verdict of a pin', () => {
  it('is in tables, with every reason in whole', async () => {
    const { stdout } = await run('affinities', 'list', '--usability', 'STALE', '--limit', 'all')
    const [head, ...rows] = stdout.trimEnd().split('\n')
    expect(head).toMatch(/ USABILITY +WHY$/)
    expect(rows.length).toBeGreaterThan(0)
    for (const row of rows) expect(row).toMatch(/ STALE +[A-Z_]+(, [A-Z_]+)*$/)
    expect(rows.some((row) => row.includes(', '))).toBe(true)
  })

  it('is in JSON, of every usability', async () => {
    const records = await list()
    expect(new Set(records.map((record) => record['usability']))).toContain('USABLE')
    for (const { usability, staleReasons, conditions } of records) {
      expect(usability === 'STALE').toBe((staleReasons as unknown[]).length > 0)
      expect(usability === 'CONDITIONAL').toBe((conditions as unknown[]).length > 0)
    }
  })

  it('filters the list by usability, and by one of several reasons', async () => {
    const records = await list()
    const withOne = (...reasons: string[]) =>
      records.filter(({ staleReasons }) =>
        reasons.some((reason) => (staleReasons as string[]).includes(reason)),
      )
    const stale = records.filter(({ usability }) => usability === 'STALE')
    expect(await list('--usability', 'STALE')).toHaveLength(stale.length)
    const [one = '', two = ''] = [...new Set(stale.flatMap(({ staleReasons }) => staleReasons as string[]))]
    expect(await list('--stale-reason', one)).toHaveLength(withOne(one).length)
    const both = await list('--stale-reason', one, '--stale-reason', two)
    expect(both).toHaveLength(withOne(one, two).length)
    expect(both.length).toBeGreaterThan(withOne(one).length)
  })

  it('filters a clear, whose dry run counts the same', async () => {
    const [first = {}] = await list('--usability', 'STALE')
    const [reason = ''] = first['staleReasons'] as string[]
    const counted = await run('clear', 'filter', '--stale-reason', reason, '--dry-run', '--json')
    expect(JSON.parse(counted.stdout).clearedCount).toBe((await list('--stale-reason', reason)).length)
  })

  it.each([
    [['--stale-reason', 'BROKEN'], /The reasons are API_KEY_DELETED, .*SUPERSEDED/],
    [['--usability', 'stale'], /Allowed choices are USABLE, CONDITIONAL, STALE/],
    [['--usability', 'USABLE', '--stale'], /cannot be used with/],
    [['--stale-reason', 'CIRCUIT_OPEN', '--honoured'], /cannot be used with/],
  ])('ends with 2 and clears nothing for %j', async (args, words) => {
    const { code, stderr } = await run('clear', 'filter', ...args, '--yes')
    expect(stderr).toMatch(words)
    expect(code).toBe(2)
  })

  it('comes with each event that is watched', async () => {
    const child = startCli(['affinities', 'watch', '--usability', 'STALE'], { server })
    let said = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    for (let index = 0; said === ''; index++) {
      await writePin(server.redis.client(), { affinityKey: `watched-${index}`, modelId: 'no model' })
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(said).toMatch(/ STALE: API_KEY_DELETED, .*MODEL_DELETED/)
    child.kill('SIGINT')
  })
})

describe('the scheduling mode', () => {
  const SENTENCE = 'This gateway runs in fixed_order: it ignores all pins.\n'
  const setMode = (mode: string) => sql(server.databaseUrl, MODE, [JSON.stringify(mode)])

  it('is said once on stderr where pins are ignored, and by a clear', async () => {
    await setMode('fixed_order')
    for (const args of [['--json'], ['--records', '--ndjson'], ['--limit', '1']]) {
      const { stdout, stderr, code } = await run('affinities', 'list', ...args)
      expect(stderr.split(SENTENCE)).toHaveLength(2)
      expect(stdout).not.toContain('fixed_order')
      expect(code).toBe(0)
    }
    const cleared = await run('clear', 'filter', '--stale', '--dry-run')
    expect(cleared.stderr).toContain('Warning (PINS_NOT_HONOURED)')
    for (const { staleReasons } of await list('--usability', 'USABLE')) expect(staleReasons).toEqual([])
    await setMode('cache_affinity')
    expect((await run('affinities', 'list', '--json')).stderr).not.toContain('pins')
  })
})
