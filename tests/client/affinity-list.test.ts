import { expect, it } from 'vitest'
import { createAffinityList } from '../../src/client/affinity-list.js'
import type { AffinityRecord } from '../../src/client/index.js'

const RECORD: AffinityRecord = {
  family: 'SCHEDULER_AFFINITY_V2',
  affinityKey: 'k',
  apiFormat: 'openai:chat',
  modelId: 'm',
  clientFamily: 'codex',
  sessionHash: 'a'.repeat(64),
  providerId: 'p',
  endpointId: 'e',
  providerKeyId: 'k',
  requestCount: 1,
  createdAt: '2026-11-26T12:00:00.000Z',
  expiresAt: '2026-11-26T12:05:00.000Z',
}

it('a walk keeps records apart that differ by family, client family or session alone', async () => {
  const nodes = [
    RECORD,
    { ...RECORD, sessionHash: 'b'.repeat(64) },
    { ...RECORD, clientFamily: 'cursor' },
    { ...RECORD, family: 'SCHEDULER_AFFINITY' as const, clientFamily: null, sessionHash: null },
    { ...RECORD, family: 'CACHE_AFFINITY' as const, clientFamily: null, sessionHash: null },
  ]
  const pageInfo = { hasNextPage: false, endCursor: null }
  const list = createAffinityList(async () => ({ totalCount: 6, pageInfo, nodes: [...nodes, RECORD] }))
  for (const orderBy of [undefined, { field: 'REQUEST_COUNT' } as const]) {
    const met: AffinityRecord[] = []
    for await (const record of list.all({ ...(orderBy && { orderBy }) })) met.push(record)
    expect(met).toHaveLength(5)
    expect(met).toEqual(expect.arrayContaining(nodes))
  }
})

it('walks an order by name as the server has it, since records hold no names', async () => {
  const asked: unknown[] = []
  const pageInfo = { hasNextPage: false, endCursor: null }
  const list = createAffinityList(async ({ first, ...args }) => {
    asked.push(args)
    return { totalCount: 1, pageInfo, nodes: [RECORD, RECORD] }
  })
  const orderBy = { field: 'USER', direction: 'ASC' } as const
  const met: AffinityRecord[] = []
  for await (const record of list.all({ orderBy })) met.push(record)
  expect(asked).toEqual([{ orderBy }])
  expect(met).toEqual([RECORD])
})
