import { expect, it } from 'vitest'
import { pollEvery } from '../../web/src/gateway/use-gateway.js'

it('a node that is away is asked about more often, until it is back', () => {
  const nodes = (...reachable: (boolean | null)[]) => ({
    nodes: reachable.map((one) => ({ reachable: one })),
  })
  expect(pollEvery(60_000, undefined)).toBe(60_000)
  expect(pollEvery(60_000, nodes(true, null))).toBe(60_000)
  expect(pollEvery(60_000, nodes(true, false))).toBe(15_000)
  expect(pollEvery(0, nodes(false))).toBe(0)
})
