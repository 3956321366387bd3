import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { affinityql, jsonLines, onTerminal, startServer, type TestServer } from './support.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const run = (...args: string[]) => affinityql(args, { server })

interface Affinity {
  readonly [field: string]: string | null | readonly string[] | { readonly id: string }
}

/** Every live affinity, to count them one by one. */
const everyAffinity = async (): Promise<Affinity[]> =>
  (
    await server.query(`{ affinities(first: 1000) { nodes {
      family affinityKey apiFormat modelId clientFamily providerId endpointId providerKeyId usability staleReasons user { id }
    } } }`)
  ).data.affinities.nodes

const KEYS: Readonly<Record<string, (affinity: Affinity) => unknown>> = {
  provider: ({ providerId }) => providerId,
  'provider-key': ({ providerKeyId }) => providerKeyId,
  endpoint: ({ endpointId }) => endpointId,
  model: ({ modelId }) => modelId,
  format: ({ apiFormat }) => apiFormat,
  'client-family': ({ clientFamily }) => clientFamily,
  user: ({ user }) => (user as { readonly id: string } | null)?.id ?? null,
  'api-key': ({ affinityKey }) => affinityKey,
  'stale-reason': ({ staleReasons }) => staleReasons,
  usability: ({ usability }) => usability,
  family: ({ family }) => family,
}

describe('affinityql counts', () => {
  it.each(Object.entries(KEYS))('by %s counts what a count one by one finds', async (by, keyOf) => {
    const expected = new Map<unknown, number>()
    for (const key of (await everyAffinity()).flatMap(keyOf)) {
      if (key !== null) expected.set(key, (expected.get(key) ?? 0) + 1)
    }
    const args = ['counts', '--by', by, '--limit', '1000', '--ndjson']
    const { stdout } = await affinityql(args, { server })
    const groups = jsonLines(stdout)
    expect(new Map(groups.map(({ key, count }) => [key, count]))).toEqual(expected)
    expect(groups.map(({ count }) => count)).toEqual([...expected.values()].sort((a, b) => b - a))
  })

  it('prints a table by name, and on stderr what adds up to all', async () => {
    const { stdout, stderr } = await run('counts', '--by', 'provider', '--limit', '2')
    const [head, ...groups] = stdout.trimEnd().split('\n')
    expect(head).toMatch(/^PROVIDER +AFFINITIES +SHARE$/)
    expect(groups).toHaveLength(2)
    const listed = groups.reduce((sum, line) => sum + Number(/ (\d+) +[\d.]+ %$/.exec(line)?.[1]), 0)
    const [, smaller, others] =
      /^Counted 506 affinities\. (\d+) smaller groups with (\d+) affinities are not listed; --limit lists more\.\n$/.exec(
        stderr,
      ) ?? []
    expect(Number(smaller)).toBeGreaterThan(0)
    expect(listed + Number(others)).toBe(506)
  })

  it('says how many are in no group', async () => {
    const { stderr } = await run('counts', '--by', 'stale-reason')
    expect(stderr).toMatch(/^Counted 506 affinities\. .*\d+ affinities have no stale reason\.\n$/)
  })

  it('shows ids with --wide, which the filters take', async () => {
    const { stdout } = await run('counts', '--by', 'provider-key', '--limit', '1', '--wide')
    expect(stdout).toMatch(/^PROVIDER KEY +PROVIDER KEY ID +AFFINITIES +SHARE\n/)
    const [, id = '', size] = /\n.* ([\da-f-]{36}) +(\d+) /.exec(stdout) ?? []
    const { stdout: whole } = await run('counts', '--by', 'provider', '--provider-key', id, '--json')
    expect(JSON.parse(whole)).toMatchObject({ by: 'PROVIDER', total: Number(size), groupCount: 1 })
  })

  it('hints at ids where a name stands in place of one', async () => {
    const { stdout, stderr, code } = await run('counts', '--by', 'user', '--provider', 'Anthropic')
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^Counted 0 affinities\.\nA name is not an id/)
    expect(code).toBe(0)
  })

  it('is wrong usage without a dimension, or with one that there is not', async () => {
    expect(await run('counts')).toMatchObject({ code: 2, stderr: expect.stringContaining('--by') })
    expect(await run('counts', '--by', 'colour')).toMatchObject({ code: 2 })
    expect(await run('counts', '--by', 'user', '--limit', '1001')).toMatchObject({ code: 2 })
  })
})

describe('tables of affinities', () => {
  it('fit in COLUMNS, and leave out what a person misses least', async () => {
    const env = { COLUMNS: '72' }
    const { stdout } = await affinityql(['affinities', 'list', '--limit', '30'], { server, env })
    expect(stdout).toMatch(/^USER +FORMAT +MODEL +PROVIDER +EXPIRES IN +USABILITY +WHY\n/)
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(72)
    const { stdout: wide } = await affinityql(['affinities', 'list', '--limit', '30', '--wide'], {
      server,
      env,
    })
    expect(wide).toMatch(/^USER +USER ID +API KEY +API KEY ID .* PROVIDER KEY ID /)
  })

  it('fit in the terminal, also where they are the preview of a clear', async () => {
    const { screen } = await onTerminal(['clear', 'user', '张伟'], [[/\[y\/N\]/, 'n\n']], {
      server,
      env: { COLUMNS: '60' },
    })
    const lines = screen.split('\n').filter((line) => /^USER |^张伟/.test(line))
    expect(lines.length).toBeGreaterThan(1)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60)
  })
})
