/** By which of the gateway's indexes the statements over usage rows find them, on each generation's own tables. */
import { readFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createAetherGateway } from '../../src/gateway/aether/aether-gateway.js'
import { createPgDatabase } from '../../src/postgres/database.js'
import type { UsageFilter } from '../../src/usage/usage-rows.js'
import { psql } from '../support/servers/postgres.js'
import { freshDatabase } from '../support/servers/shared.js'
import { dropForeignKeys, FOLDERS, type Folder } from './chain-model.js'
import { manyRows } from './many-rows.js'
import { nodesOf, type WatchedRead, watchReads } from './watched-reads.js'

const DAY_MS = 24 * 3_600_000
const NOW = new Date(Date.UTC(2026, 10, 20, 12, 30))
const daysAgo = (days: number) => new Date(NOW.getTime() - days * DAY_MS)

const { signal } = new AbortController()

/** The gateway's own tables and indexes, with the rows of 31 days, and what is read of them. */
async function filled(folder: Folder) {
  const url = freshDatabase(folder === 'endpoint-keys' ? 'schema' : folder)
  if (folder === 'endpoint-keys')
    psql(url, readFileSync(new URL('../fixtures/endpoint-keys/usage-schema.sql', import.meta.url), 'utf8'))
  await dropForeignKeys(url)
  psql(url, 'TRUNCATE usage CASCADE')
  psql(url, manyRows(folder, { count: 10_000, since: daysAgo(31), until: NOW }))
  const database = createPgDatabase({ url })
  onTestFinished(() => database.close())
  const watched = watchReads(database)
  const { usage, chains } = createAetherGateway(watched.database, { encryptionKey: 'any' })
  return { usage, chains, taken: watched.taken }
}

/** How the tables of usage are read by a statement, each way once. */
const waysOf = ({ plan }: WatchedRead): readonly string[] => {
  const reads = nodesOf(plan).filter((node) => node['Relation Name']?.startsWith('usage'))
  return [...new Set(reads.map((node) => `${node['Node Type']} ${node['Relation Name']}`))]
}

/** The conditions by which indexes of usage rows are read, also below bitmaps. */
const conditionsOf = ({ plan }: WatchedRead): readonly string[] =>
  nodesOf(plan).flatMap((node) =>
    node['Index Name']?.includes('settlement') ? [] : (node['Index Cond'] ?? []),
  )

describe.each(FOLDERS)('on tables of %s', (folder) => {
  it('every statement finds the rows of a day by an index, and settlement rows by their requests', async () => {
    const { usage, chains, taken } = await filled(folder)
    const period = { since: daysAgo(1), until: NOW }
    const questions = (filter: UsageFilter): Record<string, () => Promise<unknown>> => ({
      sums: () => usage.cacheSums({ ...period, by: 'USER', filter, now: NOW }, signal),
      switches: () =>
        chains.switchSums(
          { ...period, by: 'PROVIDER', side: 'FIRST', filter, cleared: [], now: NOW },
          signal,
        ),
      advice: () => chains.ttlSums({ ...period, by: 'PROVIDER_KEY', filter, now: NOW }, signal),
      intervals: () => chains.intervals({ ...period, filter, first: 100 }, signal),
    })
    const filters: readonly UsageFilter[] = [
      {},
      { userId: 'user-7' },
      { apiKeyId: 'api-key-7' },
      { providerKeyId: 'key-7' },
      { model: 'model-7' },
    ]
    for (const filter of filters)
      for (const [name, ask] of Object.entries(questions(filter))) {
        const told = `${name} ${JSON.stringify(filter)}`
        expect(await ask(), told).not.toBeNull()
        // What provider keys are set to is told by their own table.
        const reads = taken().filter((read) => waysOf(read).length > 0)
        expect(reads.length, told).toBeGreaterThan(0)
        for (const read of reads) {
          expect(waysOf(read).join(), told).not.toContain('Seq Scan')
          expect(conditionsOf(read).join(), told).toContain('created_at >=')
          // Whether their index is enough is decided by what has been vacuumed.
          const settlements = waysOf(read)
            .filter((way) => way.includes('settlement'))
            .map((way) => way.replace('Index Only Scan', 'Index Scan'))
          const isRead = folder === 'process-memory' && name !== 'intervals'
          // Intervals need no tokens.
          const isIntervals = /int4send/.test(read.sql) && !/int8send/.test(read.sql)
          expect(settlements, told).toEqual(
            isRead && !isIntervals ? ['Index Scan usage_settlement_snapshots'] : [],
          )
        }
      }
    if (folder !== 'process-memory') return
    // Longer periods are read a day at a time, for which look-ups are quicker than a read of the whole table.
    const days = { since: daysAgo(9), until: NOW, filter: {}, now: NOW }
    await chains.switchSums({ ...days, by: 'TOTAL', side: 'FIRST', cleared: [] }, signal)
    await chains.ttlSums({ ...days, by: 'USER' }, signal)
    const ways = taken().map((read) => waysOf(read).join())
    expect(ways.filter((way) => way.includes('settlement')).length).toBeGreaterThanOrEqual(2 * 9)
    expect(ways.join()).not.toContain('Seq Scan usage')
  })
})
