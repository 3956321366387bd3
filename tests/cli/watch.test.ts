import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { writePin } from '../support/pin.js'
import { affinityql, jsonLines, startServer, type TestServer } from './support.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

interface Target {
  readonly providerId: string
  readonly endpointId: string
  readonly providerKeyId: string
  readonly provider: { readonly displayName: string }
  readonly providerKey: { readonly name: string }
}

/** Two pin targets at different providers, each with its names. */
async function twoTargets(): Promise<readonly [Target, Target]> {
  const { data } = await server.query(`{ affinities(first: 1000) { nodes {
    providerId endpointId providerKeyId provider { displayName } providerKey { name }
  } } }`)
  const named: Target[] = data.affinities.nodes.filter((node: Target) => node.provider && node.providerKey)
  const [one] = named
  const other = named.find(({ providerId }) => providerId !== one?.providerId)
  if (!one || !other) throw new Error('the fixtures have pins at two providers')
  return [one, other]
}

/** Switches a pin to and fro until the watcher has printed something: it subscribes some time after it starts. */
async function printedOf(args: readonly string[], targets: readonly [Target, Target]): Promise<string> {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const said = { stdout: '', stderr: '' }
  const watching = affinityql(['affinities', 'watch', ...args], { server, live: said, signal: stop.signal })
  let hasEnded = false
  void watching.finally(() => {
    hasEnded = true
  })
  for (let round = 0; said.stdout === ''; round++) {
    if (hasEnded) throw new Error(`The watcher ended: ${said.stderr}`)
    const { providerId, endpointId, providerKeyId } = targets[round % 2] ?? targets[0]
    const pin = { affinityKey: 'watched', modelId: 'm', providerId, endpointId, providerKeyId }
    await writePin(server.redis.client(), { ...pin, requestCount: round + 1 })
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  stop.abort()
  await watching
  return said.stdout
}

const targetOf = ({ provider, providerKey }: Target) => `${provider.displayName} / ${providerKey.name}`

describe('affinityql affinities watch', () => {
  it('names the pin target and the one before, each with its provider key', async () => {
    const [one, other] = await twoTargets()
    const [line = ''] = (await printedOf(['--type', 'SWITCHED'], [one, other])).split('\n')
    expect(line).toMatch(/^\d\d:\d\d:\d\dZ {2}SWITCHED {3}watched {2}CLAUDE {2}m {2}→ /)
    const [a, b] = [targetOf(one), targetOf(other)]
    expect([`→ ${a} (was ${b})`, `→ ${b} (was ${a})`]).toContain(/→ .*?\)/.exec(line)?.[0])
  })

  it('prints the types that are asked for and no other', async () => {
    const printed = jsonLines(await printedOf(['--type', 'SWITCHED', '--ndjson'], await twoTargets()))
    expect(new Set(printed.map(({ type }) => type))).toEqual(new Set(['SWITCHED']))
    expect(printed[0]).toMatchObject({
      affinity: { providerKey: { name: expect.any(String) } },
      previousProviderKey: { name: expect.any(String) },
    })
  })

  it('refuses a type that there is not, and names those that there are', async () => {
    const { code, stderr } = await affinityql(['affinities', 'watch', '--type', 'MOVED'], { server })
    expect(stderr).toContain('The types are CREATED, REFRESHED, SWITCHED, REMOVED, EXPIRED, ENTERED, LEFT.')
    expect(code).toBe(2)
  })
})
