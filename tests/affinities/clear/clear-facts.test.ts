import { expect, it } from 'vitest'
import { type ClearFactsOf, clearFacts } from '../../../src/affinities/clear/clear-facts.js'
import type { NodeState } from '../../../src/gateway/nodes/gateway-nodes.js'

const node = (fields: Partial<NodeState> = {}): NodeState => ({
  url: 'http://one',
  reachable: true,
  canRead: true,
  canClear: true,
  canClearAtOnce: true,
  alternates: false,
  checkedAt: null,
  error: null,
  ...fields,
})

it.each<[name: string, of: Partial<ClearFactsOf>, path: string, problem: RegExp | null, atOnce: boolean]>([
  ['Python alone', {}, 'REDIS', /Pins in use come back.*GATEWAY_URLS/, true],
  ['Python with nodes and a token', { nodes: [node()], hasToken: true }, 'GATEWAY_API', null, true],
  ['the oldest without a token', { nodes: [node()] }, 'GATEWAY_API', /signed in.*set GATEWAY_TOKEN/, true],
  [
    'the next without a token',
    { nodes: [node()], generation: 'PROVIDER_KEYS' },
    'REDIS',
    /GATEWAY_TOKEN/,
    true,
  ],
  ['Python with workers', { nodes: [node({ alternates: true })], hasToken: true }, 'GATEWAY_API', null, true],
  ['Rust alone', { generation: 'PROCESS_MEMORY' }, 'NONE', /GATEWAY_URLS/, false],
  ['Rust without a token', { generation: 'PROCESS_MEMORY', nodes: [node()] }, 'NONE', /GATEWAY_TOKEN/, false],
  ['Rust', { generation: 'PROCESS_MEMORY', nodes: [node()], hasToken: true }, 'GATEWAY_API', null, false],
  [
    'Rust at once',
    { generation: 'PROCESS_MEMORY', nodes: [node()], hasToken: true, mayActAtOnce: true },
    'GATEWAY_API',
    null,
    true,
  ],
  [
    'Rust at once, but for a node',
    {
      generation: 'PROCESS_MEMORY',
      nodes: [node(), node({ canClearAtOnce: false })],
      hasToken: true,
      mayActAtOnce: true,
    },
    'GATEWAY_API',
    null,
    false,
  ],
  [
    'a node away',
    {
      generation: 'PROCESS_MEMORY',
      nodes: [node({ reachable: false, error: 'it is away' })],
      hasToken: true,
    },
    'GATEWAY_API',
    /http:\/\/one: it is away/,
    false,
  ],
  [
    'a balancer',
    { generation: 'PROCESS_MEMORY', nodes: [node({ alternates: true })], hasToken: true },
    'GATEWAY_API',
    /several processes/,
    false,
  ],
  [
    'records that no node lists',
    { generation: 'PROCESS_MEMORY', nodes: [node({})], hasToken: true, hasUnlistedRecords: true },
    'GATEWAY_API',
    /no node lists.*GATEWAY_URLS/,
    false,
  ],
])('how clears reach the gateway: %s', (_name, of, path, problem, atOnce) => {
  const facts = clearFacts({
    generation: 'ENDPOINT_KEYS',
    nodes: [],
    hasToken: false,
    mayActAtOnce: false,
    hasUnlistedRecords: null,
    ...of,
  })
  expect([facts.clearPath, facts.clearsAtOnce]).toEqual([path, atOnce])
  if (problem === null) expect(facts.clearProblem).toBeNull()
  else expect(facts.clearProblem).toMatch(problem)
})
