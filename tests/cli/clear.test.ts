import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { untilShown } from '../api/shown.js'
import { VIEWER_TOKEN } from '../support/app.js'
import { writePin } from '../support/pin.js'
import { affinityql, onTerminal, refusingUrl, startServer, type TestServer } from './support.js'

let server: TestServer
beforeEach(async () => {
  server = await startServer()
})
afterEach(() => server.close())

const run = (...args: string[]) => affinityql(args, { server })
const left = async () => (await server.query('{ affinities { totalCount } }')).data.affinities.totalCount
const auditActions = async () =>
  (await server.query('{ auditEvents { nodes { action metadata } } }')).data.auditEvents.nodes

describe('affinityql clear, where nobody can be asked', () => {
  it('clears nothing without --yes, and ends with 4', async () => {
    const { code, stderr } = await run('clear', 'user', '张伟')
    expect(stderr).toContain('needs --yes')
    expect(code).toBe(4)
    expect(await left()).toBe(506)
    expect(await auditActions()).toEqual([])
  })

  it('counts with --dry-run what would go, and clears nothing', async () => {
    const { code, stdout } = await run('clear', 'user', '张伟', '--dry-run', '--json')
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({
      __typename: 'ClearUserCachePayload',
      dryRun: true,
      user: { username: '张伟' },
    })
    expect(result.clearedCount).toBeGreaterThan(0)
    expect(code).toBe(0)
    expect(await left()).toBe(506)
  })

  it('clears a user’s affinities with --yes, once, and says how many', async () => {
    const { code, stdout } = await run('clear', 'user', '张伟', '--yes', '--json')
    const { clearedCount } = JSON.parse(stdout)
    expect(clearedCount).toBeGreaterThan(0)
    expect(await left()).toBe(506 - clearedCount)
    expect(await auditActions()).toHaveLength(1)
    expect(code).toBe(0)
  })

  it('says on stderr what the clear does not achieve, and what the nodes of the gateway did', async () => {
    await writePin(server.redis.client(), { affinityKey: 'fresh', providerId: 'fresh' })
    await untilShown(server)
    const warned = await run('clear', 'filter', '--provider', 'fresh', '--yes')
    expect(warned.stderr).toMatch(/Warning \(MAY_RETURN\): 1 affinity had been used.*Set GATEWAY_URLS/)
    expect(warned.code).toBe(0)
  })

  it('clears one affinity by what the list says of it', async () => {
    const [record] = JSON.parse((await run('affinities', 'list', '--json', '--limit', '1')).stdout)
    const { affinityKey, apiFormat, modelId, endpointId } = record
    const args = ['clear', 'affinity', affinityKey, apiFormat, modelId, endpointId, '--yes']
    expect((await run(...args)).code).toBe(0)
    expect((await run(...args)).code).toBe(3)
    expect(await left()).toBe(505)
  })

  it.each([
    ['clear filter', ['clear', 'filter', '--provider-key', 'openai-1', '--dry-run']],
    ['clear filter, of a format', ['clear', 'filter', '--format', 'claude', '--dry-run']],
    ['affinities list', ['affinities', 'list', '--provider-key', 'openai-1']],
  ])('says that a name is not an id if nothing is pinned to it: %s', async (_which, args) => {
    const { code, stdout, stderr } = await run(...args)
    expect(stderr).toContain('A name is not an id')
    expect(stdout).not.toContain('A name is not an id')
    expect(code).toBe(0)
  })

  it('says no such thing of an id, where nothing is left', async () => {
    const id = '00000000-0000-4000-8000-000000000000'
    const cleared = await run('clear', 'filter', '--provider-key', id, '--stale', '--yes')
    const listed = await run('affinities', 'list', '--provider-key', id, '--format', 'CLAUDE')
    expect([cleared.stderr, listed.stderr].join()).not.toContain('A name is not an id')
  })

  it('clears a provider’s, a filter’s, and everything', async () => {
    const [record] = JSON.parse((await run('affinities', 'list', '--json', '--limit', '1')).stdout)
    const provider = await run('clear', 'provider', record.providerId, '--yes', '--json')
    expect(JSON.parse(provider.stdout).clearedCount).toBeGreaterThan(0)
    const filter = await run('clear', 'filter', '--format', 'OPENAI', '--yes', '--json')
    expect(JSON.parse(filter.stdout).clearedCount).toBeGreaterThan(0)
    expect((await run('clear', 'all', '--yes')).code).toBe(0)
    expect(await left()).toBe(0)
  })

  it('clears cached models by name, by provider, and all of them', async () => {
    const [mapping] = JSON.parse((await run('mappings', 'list', '--json', '--limit', '1')).stdout)
    const one = await run('clear', 'mapping', mapping.mappingName, '--yes', '--json')
    expect(JSON.parse(one.stdout).clearedCount).toBeGreaterThan(0)
    const [served] = JSON.parse(
      (await run('mappings', 'list', '--providers', '--json', '--limit', '1')).stdout,
    )
    const args = ['clear', 'provider-mapping', served.providerId, served.globalModelId, '--yes', '--json']
    expect(JSON.parse((await run(...args)).stdout).clearedCount).toBeGreaterThan(0)
    expect((await run('clear', 'mappings', '--yes')).code).toBe(0)
    expect(JSON.parse((await run('mappings', 'stats', '--json')).stdout).totalKeys).toBe(0)
  })

  it.each([
    ['3: there is nobody of that name', ['clear', 'user', 'nobody', '--yes'], 3],
    ['2: a filter without an option would mean everything', ['clear', 'filter', '--yes'], 2],
    ['2: an argument is missing', ['clear', 'user'], 2],
    ['2: there is no such command', ['clear', 'everything'], 2],
    ['2: the server refuses the argument', ['clear', 'mapping', ' ', '--yes'], 2],
  ])('ends with %s', async (_why, args, code) => {
    expect((await run(...args)).code).toBe(code)
    expect(await left()).toBe(506)
  })

  it('ends with 4 for a token that may only look, and for none', async () => {
    const viewer = await affinityql(['clear', 'all', '--yes'], { server, token: VIEWER_TOKEN })
    expect(viewer.stderr).toContain('(FORBIDDEN)')
    expect(viewer.code).toBe(4)
    const nobody = await affinityql(['clear', 'all', '--yes'], { server, token: 'wrong' })
    expect(nobody.stderr).toContain('AFFINITYQL_TOKEN')
    expect(nobody.code).toBe(4)
    expect(await left()).toBe(506)
  })

  it('ends with 5 where a store is away, or the server is', async () => {
    server.redis.pause()
    const outage = await run('clear', 'user', '张伟', '--yes')
    server.redis.resume()
    expect(outage.stderr).toMatch(/\((CACHE_UNAVAILABLE|OUTCOME_UNKNOWN)\)/)
    expect(outage.code).toBe(5)
    const nowhere = await affinityql(['clear', 'all', '--yes'], { server: { url: await refusingUrl() } })
    expect(nowhere.code).toBe(5)
  })
})

describe('affinityql clear, on a terminal', () => {
  it('shows the dry run’s count and a sample, and clears after a yes', async () => {
    const { code, screen } = await onTerminal(['clear', 'user', '张伟'], [[/\[y\/N\] /, 'y\n']], { server })
    expect(screen).toMatch(/records such as these:\nUSER.*API KEY/)
    expect(screen).toMatch(/张伟/)
    expect(screen).toMatch(/Clear \d+ records\? \[y\/N\]/)
    expect(code).toBe(0)
    expect(await left()).toBeLessThan(506)
  })

  it('clears nothing after any other answer', async () => {
    const { code, screen } = await onTerminal(['clear', 'user', '张伟'], [[/\[y\/N\] /, '\n']], { server })
    expect(screen).toContain('Nothing was cleared.')
    expect(code).toBe(4)
    expect(await left()).toBe(506)
  })

  it('clears nothing after Ctrl-C, and ends with 130', async () => {
    const { code } = await onTerminal(['clear', 'user', '张伟'], [[/\[y\/N\] /, '\u0003']], { server })
    expect(code).toBe(130)
    expect(await left()).toBe(506)
  })

  it('does not ask with --yes', async () => {
    const { code, screen } = await onTerminal(['clear', 'user', '张伟', '--yes'], [], { server })
    expect(screen).not.toContain('[y/N]')
    expect(code).toBe(0)
    expect(await left()).toBeLessThan(506)
  })

  it('wants the word typed before everything goes, with --yes as well', async () => {
    const refused = await onTerminal(['clear', 'all', '--yes'], [[/type all: /, 'yes\n']], { server })
    expect(refused.code).toBe(4)
    expect(await left()).toBe(506)
    const typed = await onTerminal(['clear', 'all'], [[/To clear all 5\d\d records, type all: /, 'all\n']], {
      server,
    })
    expect(typed.code).toBe(0)
    expect(await left()).toBe(0)
    const mappings = await onTerminal(['clear', 'mappings'], [[/type mappings: /, 'mappings\n']], { server })
    expect(mappings.screen).toMatch(/ {2}(model|global_model):/)
    expect(mappings.code).toBe(0)
  })

  it('asks nothing where nothing would go', async () => {
    const { code, screen } = await onTerminal(['clear', 'provider', randomUUID()], [], { server })
    expect(screen).not.toContain('[y/N]')
    expect(code).toBe(0)
  })
})
