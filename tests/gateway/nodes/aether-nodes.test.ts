import { writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type AetherNodesOptions, createAetherNodes } from '../../../src/gateway/aether/nodes/aether-nodes.js'
import type { ClearStep, Generation } from '../../../src/gateway/nodes/gateway-nodes.js'
import { createNodeToken } from '../../../src/gateway/nodes/node-token.js'
import { temporaryDirectory } from '../../support/servers/child.js'
import { EVERY_RIGHT, facts, record, SESSION, startStandIn, TOKEN } from './nodes-support.js'

const CACHE = '/api/admin/monitoring/cache'

function nodesOf(urls: readonly string[], options: Partial<AetherNodesOptions> = {}) {
  const nodes = createAetherNodes({
    urls,
    token: createNodeToken({ token: TOKEN }),
    generation: () => 'PROVIDER_KEYS',
    signFor: () => Promise.reject(new Error('nobody asked for it')),
    clearsAtOnce: false,
    timeoutMs: 300,
    ...options,
  })
  onTestFinished(nodes.stop)
  return nodes
}

type Interference = NonNullable<Awaited<ReturnType<typeof startStandIn>>['node']['interfere']>

const step = (path: string, route: ClearStep['route'] = 'single'): ClearStep => ({
  route,
  path: `${CACHE}${path}`,
  records: [],
})
const FLUSH = step('', 'all')

const json = (status: number, body: unknown) => (response: ServerResponse) => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
const html = (status: number) => (response: ServerResponse) => {
  response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Sign in</h1>')
}

describe('an answer', () => {
  it.each<[name: string, ok: boolean, answer: (response: ServerResponse) => void]>([
    ['200 with the gateway’s JSON', true, json(200, { status: 'ok', count: 3 })],
    ['404 with a detail: nothing there', true, json(404, { detail: 'Not found' })],
    ['404 with an error: nothing there', true, json(404, { error: { message: 'no' } })],
    ['404 of a proxy', false, html(404)],
    ['404 of something else in JSON', false, json(404, { message: 'no Route matched' })],
    ['404 with a JSON list', false, json(404, ['detail'])],
    ['200 with an error inside', false, json(200, { error: 'sorry' })],
    ['200 with another status inside', false, json(200, { status: 'failed' })],
    ['200 with HTML', false, html(200)],
    ['201', false, json(201, { status: 'ok' })],
    ['401', false, json(401, { detail: 'Invalid token' })],
    ['403', false, json(403, { detail: 'no' })],
    ['429', false, json(429, { detail: 'no' })],
    ['501', false, json(501, { error: 'not implemented' })],
    ['500', false, json(500, { detail: 'Internal' })],
    ['a redirect', false, (response) => response.writeHead(302, { location: '/login' }).end()],
    [
      'half a body',
      false,
      (response) => {
        response.writeHead(200, { 'content-length': '50' }).write('{"status":"ok"')
        setTimeout(() => response.destroy(), 20)
      },
    ],
    [
      'half of a chunked body',
      false,
      (response) => {
        response.writeHead(200).write('{"status":"ok","count":1}')
        setTimeout(() => response.destroy(), 20)
      },
    ],
    ['none', false, () => {}],
    ['a closed connection', false, (response) => response.destroy()],
  ])('%s → ok: %s', async (_name, ok, answer) => {
    const { node } = await startStandIn({ generation: 'PROVIDER_KEYS' })
    node.interfere = (_request, response) => {
      answer(response)
      return true
    }
    const { nodes, done } = await nodesOf([node.url]).clear([FLUSH], null)
    expect(nodes).toMatchObject([{ url: node.url, ok }])
    expect(done.has(FLUSH)).toBe(ok)
    // Nothing is sent a second time.
    expect(node.calls).toHaveLength(1)
    expect(JSON.stringify(nodes)).not.toContain(TOKEN)
  })

  it('is awaited no longer than the limit, at all nodes in parallel', async () => {
    const { node: slow } = await startStandIn({ generation: 'PROVIDER_KEYS' })
    const { node } = await startStandIn({ generation: 'PROVIDER_KEYS' })
    slow.interfere = () => true
    const begun = performance.now()
    const { nodes } = await nodesOf([slow.url, slow.url, node.url]).clear([FLUSH], null)
    expect(nodes.map(({ ok, error }) => [ok, error])).toEqual([
      [false, 'it does not answer in time'],
      [false, 'it does not answer in time'],
      [true, null],
    ])
    expect(performance.now() - begun).toBeLessThan(550)
  })
})

describe('a call', () => {
  it('keeps the node’s own path, comes on a fresh connection and carries the token', async () => {
    const { node } = await startStandIn({ generation: 'PROVIDER_KEYS' })
    node.interfere = (_request, response) => {
      json(200, { status: 'ok', count: 1 })(response)
      return true
    }
    const nodes = nodesOf([`${node.url}/behind/a/proxy`])
    const paths = ['/affinity/a/b/%25%2A%3F/d', "/affinity/a/b/c:;@!$&'()*+,=~/d?client_family=x"]
    await nodes.clear(
      paths.map((path) => step(path)),
      null,
    )
    expect(node.calls.map(({ target }) => target).sort()).toEqual(
      paths.map((path) => `/behind/a/proxy${CACHE}${path}`).sort(),
    )
    expect(new Set(node.calls.map(({ connection }) => connection)).size).toBe(2)
    expect(node.calls.every(({ authorization }) => authorization === `Bearer ${TOKEN}`)).toBe(true)
  })

  it('is one of at most 25 a minute on Python; Rust has no limit', async () => {
    let clock = 0
    const limited = async (generation: Generation) => {
      const { node } = await startStandIn({ generation, now: () => clock })
      const nodes = nodesOf([node.url], { generation: () => generation, now: () => clock })
      const {
        nodes: [result],
      } = await nodes.clear(
        Array.from({ length: 40 }, (_, n) => step(`/affinity/a/b/${n}/d`)),
        null,
      )
      return { nodes, node, result }
    }
    const { nodes, node, result } = await limited('PROVIDER_KEYS')
    expect(node.calls).toHaveLength(25)
    expect(result).toMatchObject({ ok: false, error: 'it has had its calls of this minute' })
    expect(nodes.callsLeft).toBe(0)
    clock += 60_001
    expect(nodes.callsLeft).toBe(25)
    expect((await limited('PROCESS_MEMORY')).node.calls).toHaveLength(40)
  })

  it('runs beside at most seven others of its node', async () => {
    const { node } = await startStandIn({ generation: 'PROCESS_MEMORY' })
    let [running, most] = [0, 0]
    node.interfere = (_request, response) => {
      running += 1
      most = Math.max(most, running)
      setTimeout(() => {
        running -= 1
        json(200, { status: 'ok' })(response)
      }, 10)
      return true
    }
    const nodes = nodesOf([node.url], { generation: () => 'PROCESS_MEMORY' })
    await nodes.clear(
      Array.from({ length: 40 }, (_, n) => step(`/affinity/a/b/${n}/d`)),
      null,
    )
    expect([node.calls.length, most]).toEqual([40, 8])
  })

  it('is the last one to a node that fails', async () => {
    const { node } = await startStandIn({ generation: 'PROCESS_MEMORY' })
    node.interfere = (_request, response) => {
      html(502)(response)
      return true
    }
    const nodes = nodesOf([node.url], { generation: () => 'PROCESS_MEMORY' })
    await nodes.clear(
      Array.from({ length: 100 }, (_, n) => step(`/affinity/a/b/${n}/d`)),
      null,
    )
    expect(node.calls.length).toBeLessThanOrEqual(8)
  })
})

describe('the token', () => {
  it('is read from its file again when it has changed', async () => {
    const { node } = await startStandIn({ generation: 'PROVIDER_KEYS' })
    const file = join(temporaryDirectory('token'), 'token')
    let clock = 0
    const nodes = nodesOf([node.url], { token: createNodeToken({ file, now: () => clock }) })
    const clear = async () => {
      clock += 1_000
      return (await nodes.clear([FLUSH], null)).nodes[0]
    }
    expect(await clear()).toMatchObject({ ok: false, error: expect.stringContaining('GATEWAY_TOKEN_FILE') })
    writeFileSync(file, 'another\n')
    expect(await clear()).toMatchObject({ ok: false, error: 'it refused the token (status 401)' })
    writeFileSync(file, `${TOKEN}\n`)
    expect(await clear()).toMatchObject({ ok: true, clearedCount: 0 })
    writeFileSync(file, 'two words')
    expect(await clear()).toMatchObject({ ok: false })
    expect(node.calls.map(({ authorization }) => authorization)).toEqual([
      'Bearer another',
      `Bearer ${TOKEN}`,
    ])
  })

  it('of the administrator who clears is signed for the oldest generation alone, and where none is set', async () => {
    const accepts = { acceptsAccessToken: async (token: string) => token === 'signed-for-root' }
    const { node } = await startStandIn({ generation: 'ENDPOINT_KEYS', ...accepts })
    const signed = { token: createNodeToken({}), signFor: async (id: string) => `signed-for-${id}` }
    const oldest = nodesOf([node.url], { ...signed, generation: () => 'ENDPOINT_KEYS' })
    expect((await oldest.clear([FLUSH], 'root')).nodes).toMatchObject([{ ok: true }])
    expect([await oldest.mayCall('root'), await oldest.mayCall(null)]).toEqual([true, false])
    for (const generation of ['PROVIDER_KEYS', 'PROCESS_MEMORY'] as const) {
      const later = nodesOf([node.url], { ...signed, generation: () => generation })
      expect(await later.mayCall('root')).toBe(false)
      expect((await later.clear([FLUSH], 'root')).nodes).toMatchObject([
        { ok: false, error: expect.stringContaining('GATEWAY_TOKEN') },
      ])
    }
    expect(node.calls).toHaveLength(1)
  })
})

describe('what is known of a node before it is needed', () => {
  const stateOf = async (
    generation: Generation,
    options: {
      permissions?: readonly string[]
      processes?: number
      acceptsTokens?: boolean
      clearsAtOnce?: boolean
    } = {},
  ) => {
    const { permissions, clearsAtOnce = false, ...rest } = options
    const { gateway, node } = await startStandIn({
      generation,
      ...rest,
      ...(permissions && { tokens: [{ token: TOKEN, permissions }] }),
    })
    for (let n = 0; n < 3; n += 1)
      await gateway.serve({ apiKeyId: 'api-key-1', apiFormat: 'CLAUDE', model: `m${n}` }, 0)
    const nodes = nodesOf([node.url], { generation: () => generation, clearsAtOnce })
    expect(nodes.states()).toMatchObject([{ reachable: null, canRead: null, checkedAt: null }])
    await nodes.check()
    const [state] = nodes.states()
    // Nothing is cleared by looking.
    expect(
      (
        await gateway.answer(
          { method: 'GET', target: `${CACHE}/affinities`, authorization: `Bearer ${TOKEN}`, body: '' },
          0,
        )
      ).body,
    ).toMatchObject(
      permissions && !permissions.includes('admin:monitoring:read')
        ? {}
        : options.acceptsTokens === false
          ? {}
          : { data: { meta: { total: 3 } } },
    )
    return { ...state, checkedAt: state?.checkedAt instanceof Date }
  }
  const [read, write, users] = EVERY_RIGHT as [string, string, string]

  it.each<[string, Parameters<typeof stateOf>, object]>([
    [
      'Python',
      ['PROVIDER_KEYS', { processes: 1 }],
      {
        reachable: true,
        canRead: true,
        canClear: true,
        canClearAtOnce: true,
        alternates: false,
        error: null,
      },
    ],
    ['Python, two workers', ['ENDPOINT_KEYS', { processes: 2 }], { alternates: true, canClear: true }],
    [
      'Python, tokens off',
      ['PROVIDER_KEYS', { acceptsTokens: false }],
      { reachable: true, canRead: false, canClear: false },
    ],
    [
      'Rust, reading',
      ['PROCESS_MEMORY', { permissions: [read] }],
      { canRead: true, canClear: false, error: 'its token may not clear' },
    ],
    ['Rust, writing alone', ['PROCESS_MEMORY', { permissions: [write] }], { canRead: false, canClear: true }],
    [
      'Rust, both',
      ['PROCESS_MEMORY', { permissions: [read, write] }],
      { canRead: true, canClear: true, canClearAtOnce: null, alternates: false },
    ],
    [
      'Rust, at once without the right',
      ['PROCESS_MEMORY', { permissions: [read, write], clearsAtOnce: true }],
      { canClear: true, canClearAtOnce: false },
    ],
    [
      'Rust, at once',
      ['PROCESS_MEMORY', { permissions: [read, write, users], clearsAtOnce: true }],
      { canClearAtOnce: true },
    ],
    ['Rust, a balancer', ['PROCESS_MEMORY', { processes: 2 }], { alternates: true }],
  ])('%s', async (_name, args, expected) => {
    expect(await stateOf(...args)).toMatchObject({ ...expected, checkedAt: true })
  })

  it('is that it is away, and that it is back', async () => {
    const { gateway, node } = await startStandIn({ generation: 'PROVIDER_KEYS' })
    await gateway.serve({ apiKeyId: 'api-key-1', apiFormat: 'CLAUDE', model: 'm' })
    const told: unknown[] = []
    const nodes = nodesOf([node.url], { onChange: (state) => told.push(state.reachable) })
    node.interfere = (_request, response) => {
      response.destroy()
      return true
    }
    await nodes.check()
    expect(nodes.states()).toMatchObject([
      { reachable: false, canClear: null, error: 'it cannot be reached (ECONNRESET)' },
    ])
    node.interfere = () => false
    await nodes.check()
    await nodes.check()
    expect(nodes.states()).toMatchObject([{ reachable: true, canClear: true, error: null }])
    expect(told).toEqual([false, true])
  })
})

describe('a node that was away', () => {
  const away: Interference = (_request, response) => {
    response.destroy()
    return true
  }

  it('is looked at again soon, and once it is back as seldom as all others', async () => {
    const { gateway, node } = await startStandIn({ generation: 'PROVIDER_KEYS' })
    await gateway.serve({ apiKeyId: 'api-key-1', apiFormat: 'CLAUDE', model: 'm' })
    node.interfere = away
    const nodes = nodesOf([node.url], { awayEveryMs: 10 })
    nodes.start()
    await vi.waitFor(() => expect(nodes.states()).toMatchObject([{ reachable: false }]))
    node.interfere = () => false
    await vi.waitFor(() => expect(nodes.states()).toMatchObject([{ reachable: true, canClear: true }]))
    const calls = node.calls.length
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(node.calls).toHaveLength(calls)
  })

  it('is known as away by a clear that missed it, until it is back', async () => {
    const { gateway, node } = await startStandIn({ generation: 'PROVIDER_KEYS' })
    await gateway.serve({ apiKeyId: 'api-key-1', apiFormat: 'CLAUDE', model: 'm' })
    const nodes = nodesOf([node.url], { awayEveryMs: 10 })
    await nodes.check()
    node.interfere = away
    expect((await nodes.clear([FLUSH], null)).nodes).toMatchObject([{ ok: false }])
    expect(nodes.states()).toMatchObject([{ reachable: false, canClear: null }])
    node.interfere = () => false
    nodes.start()
    await vi.waitFor(() => expect(nodes.states()).toMatchObject([{ reachable: true, canClear: true }]))
  })

  it('is unknown again soon where only an administrator’s clear can tell', async () => {
    const { node } = await startStandIn({ generation: 'ENDPOINT_KEYS' })
    node.interfere = away
    const nodes = nodesOf([node.url], {
      generation: () => 'ENDPOINT_KEYS',
      token: createNodeToken({}),
      signFor: async () => 'signed',
      awayEveryMs: 10,
    })
    await nodes.clear([FLUSH], 'root')
    expect(nodes.states()).toMatchObject([{ reachable: false }])
    nodes.start()
    await vi.waitFor(() => expect(nodes.states()).toMatchObject([{ reachable: null, error: null }]))
  })

  it('was not away if it has only had its calls of this minute: then it is looked at later', async () => {
    let clock = 0
    const { gateway, node } = await startStandIn({ generation: 'PROVIDER_KEYS', now: () => clock })
    await gateway.serve({ apiKeyId: 'api-key-1', apiFormat: 'CLAUDE', model: 'm' })
    const nodes = nodesOf([node.url], { now: () => clock, awayEveryMs: 10 })
    await nodes.check()
    const many = Array.from({ length: 25 }, (_, n) => step(`/affinity/a/b/${n}/d`))
    await nodes.clear(many, null)
    await nodes.check()
    expect(nodes.states()).toMatchObject([{ reachable: true, canClear: true }])
    expect(nodes.states()[0]?.error).toMatch('its calls of this minute')
    clock += 60_001
    nodes.start()
    await vi.waitFor(() => expect(nodes.states()).toMatchObject([{ reachable: true, error: null }]))
  })
})

describe('records that no node lists', () => {
  const EPOCHS = { here: '7', missing: '8' }
  /** A process behind each name, which lists what it wrote itself, in the form of the real program. */
  async function look(writers: readonly (keyof typeof EPOCHS)[], listed = writers) {
    let seconds = 1_000
    const written = (epoch: string, n: number) =>
      record({
        apiFormat: 'openai:chat',
        modelId: `模型:${n}`,
        expiresAt: seconds + 300,
        extra: { clientFamily: 'codex', sessionHash: SESSION, epoch },
      })
    const { node } = await startStandIn({ generation: 'PROCESS_MEMORY' })
    const lists: string[] = []
    const state = { listed, writers }
    node.interfere = (request, response) => {
      if (!request.url?.includes('/affinities?')) return false
      lists.push(request.url)
      const items = state.listed.map((name) => ({
        affinity_key: 'api-key-1',
        api_format: 'openai:chat',
        global_model_id: `模型:${name === 'here' ? 1 : 2}`,
        client_family: 'codex',
        session_hash: SESSION,
      }))
      json(200, { status: 'ok', data: { items, meta: { total: items.length } } })(response)
      return true
    }
    const nodes = nodesOf([node.url], {
      generation: () => 'PROCESS_MEMORY',
      now: () => seconds * 1_000,
      written: async (since) => {
        const all = state.writers.map((name) => written(EPOCHS[name], name === 'here' ? 1 : 2))
        return all.filter(({ expiresAt }) => expiresAt - 300 >= since)
      },
    })
    const again = async (passed = 30) => {
      seconds += passed
      await nodes.check()
      return nodes.hasUnlistedRecords()
    }
    return { state, node, lists, again }
  }

  it('are told if they are written at two looks, and no longer once the node is named', async () => {
    const { state, again } = await look(['here', 'missing'], ['here'])
    expect(await again()).toBeNull()
    expect(await again()).toBe(true)
    state.listed = ['here', 'missing']
    expect(await again()).toBe(false)
  })

  it('are not told of a process that has restarted: nobody writes its old records any more', async () => {
    const { state, again } = await look(['missing'], [])
    expect(await again()).toBeNull()
    state.writers = []
    expect(await again()).toBeNull()
    state.writers = ['here']
    state.listed = ['here']
    expect(await again()).toBe(false)
  })

  it('are not told while a node does not answer, or lists too much to be read', async () => {
    const { state, node, lists, again } = await look(['missing'], [])
    const listing = node.interfere
    node.interfere = (request, response) => {
      if (!request.url?.includes('/affinities?')) return false
      html(200)(response)
      return true
    }
    expect([await again(), await again()]).toEqual([null, null])
    node.interfere = (request, response) => {
      if (!request.url?.includes('/affinities?')) return false
      lists.push(request.url)
      const items = Array.from({ length: 1_000 }, () => ({}))
      json(200, { status: 'ok', data: { items, meta: { total: 1_000_000 } } })(response)
      return true
    }
    expect([await again(), await again()]).toEqual([null, null])
    // Five pages at each look, and no more.
    expect(lists).toHaveLength(10)
    expect(lists[4]).toContain('limit=1000&offset=4000')
    node.interfere = listing
    state.listed = ['missing']
    expect(await again()).toBe(false)
  })

  it('are looked for on Rust alone, and only while somebody writes', async () => {
    const { node, lists, again } = await look([])
    expect(await again()).toBeNull()
    const python = nodesOf([node.url], { written: () => expect.fail('nobody needs them') })
    await python.check()
    expect([lists.length, python.hasUnlistedRecords()]).toEqual([0, null])
  })
})

it('plans by the generation of now, and by the number of nodes', async () => {
  let generation: Generation = 'ENDPOINT_KEYS'
  const nodes = nodesOf(['http://127.0.0.1:1'], { generation: () => generation })
  const slash = [record({ modelId: '模型' })]
  expect((await nodes.plan(slash, undefined, facts([...slash, record()]))).notClearable).toHaveLength(0)
  generation = 'PROCESS_MEMORY'
  expect((await nodes.plan(slash, undefined, facts([...slash, record()]))).notClearable).toHaveLength(1)
})
