/**
 * Measures the questions about usage rows: `tsx bench/usage.ts [rows of 31 days] [folder of the generation] [days …]`. The
 * server that it starts is in memory where there is such a file system, so that its times are those of a warm disk.
 * `WRITTEN_DAYS` writes the latest of these days alone, as dense as all of them. `KEPT_IN` names a directory that keeps its data for the next run; without days the rows are only written.
 * `ASKED` names some of the questions, and `BUFFERS=true` counts what each statement reads, which takes twice as long.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { createAetherGateway } from '../src/gateway/aether/aether-gateway.js'
import { createPgDatabase } from '../src/postgres/database.js'
import { startPostgres } from '../tests/support/servers/postgres.js'
import { FOLDERS } from '../tests/usage/chain-model.js'
import { manyRows } from '../tests/usage/many-rows.js'
import { type WatchedRead, watchReads } from '../tests/usage/watched-reads.js'
import { printTable } from './lib/measure.js'

const MEMORY = '/dev/shm'
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** The gateway's other indexes on usage rows are left out: no statement could use them, and 10 million rows would not fit. */
const KEPT_INDEXES = /_created|_request_id|_pkey|dashboard_cover/

const [given = '1000000', givenFolder = 'process-memory', ...givenDays] = process.argv.slice(2)
const count = Number(given)
const folder = FOLDERS.find((one) => one === givenFolder) ?? 'process-memory'
const writtenDays = Number(process.env['WRITTEN_DAYS'] ?? '31')
const keptIn = process.env['KEPT_IN']
const days = givenDays.length > 0 || keptIn ? givenDays.map(Number) : [1, 7]
const countsBuffers = process.env['BUFFERS'] === 'true'
/** A file beside the rows that are kept, which tells when they end. */
const mark = keptIn && `${keptIn}/until`
const isFilled = mark !== undefined && existsSync(mark)
const until = isFilled
  ? new Date(readFileSync(mark, 'utf8'))
  : new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS)

const fixture = (name: string): string => {
  const isFirst = folder === 'endpoint-keys' && name === 'gateway-schema.sql'
  const url = new URL(`../tests/fixtures/${isFirst ? '' : `${folder}/`}${name}`, import.meta.url)
  return existsSync(url) ? readFileSync(url, 'utf8') : ''
}

async function measureAll(databaseUrl: string): Promise<void> {
  const database = createPgDatabase({ url: databaseUrl })
  const rows: (readonly (string | number)[])[] = []
  const signal = new AbortController().signal
  for (const day of days) {
    const watched = watchReads(database, { analyze: true })
    const gateway = createAetherGateway(countsBuffers ? watched.database : database, { encryptionKey: 'any' })
    // Both ends of the period lie within an hour.
    const now = new Date(until.getTime() - HOUR_MS / 2)
    const period = { since: new Date(now.getTime() - day * DAY_MS), until: now }
    const questions = {
      cacheUsage: () => gateway.usage.cacheSums({ ...period, by: 'PROVIDER', filter: {}, now }, signal),
      switchCosts: () =>
        gateway.chains.switchSums(
          { ...period, by: 'PROVIDER', side: 'SECOND', filter: {}, cleared: [], now },
          signal,
        ),
      ttlAdvice: () => gateway.chains.ttlSums({ ...period, by: 'USER', filter: {}, now }, signal),
      ttlAdviceByKey: () =>
        gateway.chains.ttlSums({ ...period, by: 'PROVIDER_KEY', filter: {}, now }, signal),
    }
    for (const [name, ask] of Object.entries(questions)) {
      if (process.env['ASKED'] && !process.env['ASKED'].includes(name)) continue
      // Cold: nothing is kept. Warm: asked again.
      for (const state of ['cold', 'warm', 'warm']) {
        const heap = heapUsed()
        const startedAt = performance.now()
        const answer = await ask().catch((error: Error) => error)
        const ms = Math.round(performance.now() - startedAt)
        const label = `${name}, ${day} d, ${state}`
        const reads = watched.taken()
        const told =
          answer instanceof Error ? [answer.message, '', '', ''] : [ms, heapUsed() - heap, ...figures(reads)]
        rows.push([label, ...told])
      }
    }
  }
  await database.close()
  printTable(
    `Load ${loadavg()[0]?.toFixed(1)}; buffers of 8 kB`,
    ['', 'ms', 'MB more of heap', 'statements', 'buffers'],
    rows,
  )
}

/** Whole megabytes, after a collection where node has --expose-gc. */
function heapUsed(): number {
  globalThis.gc?.()
  return Math.round(process.memoryUsage().heapUsed / 2 ** 20)
}

const figures = (reads: readonly WatchedRead[]): readonly (string | number)[] => [
  countsBuffers ? reads.length : '',
  countsBuffers
    ? reads.reduce(
        (sum, { plan }) => sum + (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0),
        0,
      )
    : '',
]

if (existsSync(MEMORY) && !keptIn) process.env['TMPDIR'] = MEMORY
const postgres = await startPostgres({
  settings: {
    shared_buffers: '256MB',
    work_mem: '4MB',
    max_wal_size: '2GB',
    wal_level: 'minimal',
    max_wal_senders: '0',
  },
  keptIn,
})

/** Writes the rows, and lets autovacuum's work be done. */
function fill(): string {
  const databaseUrl = postgres.createDatabase('bench')
  const names = ['gateway-schema.sql', 'usage-schema.sql']
  postgres.psql(databaseUrl, names.map(fixture).join('\n'))
  const usageIndexes = postgres
    .psql(
      databaseUrl,
      "SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('usage', 'usage_settlement_snapshots') AND indexname NOT LIKE '%pkey'",
    )
    .trim()
    .split('\n')
    .map((line) => line.split('|'))
  postgres.psql(
    databaseUrl,
    `DO $$ DECLARE one record; BEGIN
       FOR one IN SELECT conrelid::regclass AS of, conname FROM pg_constraint WHERE contype = 'f'
       LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', one.of, one.conname); END LOOP; END $$;
     ${usageIndexes.map(([name]) => `DROP INDEX ${name};`).join('\n')}`,
  )
  const filledAt = performance.now()
  postgres.psql(
    databaseUrl,
    `${manyRows(folder, { count: Math.round((count * writtenDays) / 31), since: new Date(until.getTime() - writtenDays * DAY_MS), until })}
     ${usageIndexes
       .filter(([name = '']) => KEPT_INDEXES.test(name))
       .map(([, definition]) => `${definition};`)
       .join('\n')}
     VACUUM ANALYZE usage; ${folder === 'process-memory' ? 'VACUUM ANALYZE usage_settlement_snapshots;' : ''} CHECKPOINT`,
  )
  const size = postgres.psql(databaseUrl, "SELECT pg_size_pretty(pg_database_size('bench'))").trim()
  console.log(
    `${writtenDays} of 31 days with ${count.toLocaleString('en')} rows of ${folder}, ${size}, filled in ${Math.round((performance.now() - filledAt) / 1_000)} s`,
  )
  if (mark) writeFileSync(mark, until.toISOString())
  return databaseUrl
}

try {
  const databaseUrl = isFilled ? postgres.url.replace(/postgres$/, 'bench') : fill()
  await measureAll(databaseUrl)
} finally {
  await postgres.stop()
}
