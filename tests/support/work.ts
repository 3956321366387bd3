/** Counts the work of requests: keys, rows, records of the index and bytes, never milliseconds. */
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, vi } from 'vitest'
import { Postings } from '../../src/affinities/index/postings.js'
import { countCosts } from '../affinities/index/cost-counter.js'

export interface Work {
  /** Redis keys, and fields of hashes, that commands name or that a scan looks at. */
  readonly keys: number
  /** Rows that PostgreSQL looks at, as EXPLAIN ANALYZE counts them; a written row, which waits for the disk, counts as ten. */
  readonly rows: number
  /** Entries of the index that are looked at. */
  readonly records: number
  /** Bytes of the answer. */
  readonly bytes: number
}

/** Bytes of an answer that count as one record. */
const BYTES_OF_A_RECORD = 100
const ROWS_OF_A_WRITE = 10

export const totalOf = ({ keys, rows, records, bytes }: Work): number =>
  keys + rows + records + bytes / BYTES_OF_A_RECORD

interface Statement {
  readonly text: string
  readonly values: unknown[]
}

const NO_KEYS = new Set(['ping', 'info', 'client', 'subscribe', 'hello', 'select', 'config', 'quit', 'auth'])

/** Call it before the service connects to its stores. Counts from then on, in this file. */
export function countWork() {
  const index = countCosts()
  let keys = 0
  let values = 0
  let statements: Statement[] = []
  let isReplaying = false

  const valuesContaining = Postings.prototype.valuesContaining
  vi.spyOn(Postings.prototype, 'valuesContaining').mockImplementation(function (this: Postings, text) {
    values += this.size
    return valuesContaining.call(this, text)
  })
  const sendCommand = Redis.prototype.sendCommand
  let keysInAll = 0
  vi.spyOn(Redis.prototype, 'sendCommand').mockImplementation(function (this: Redis, command, stream) {
    const { name, args } = command
    if (name === 'scan') keys += String(args[0]) === '0' ? keysInAll : 0
    else if (name === 'hmget') keys += args.length - 1
    else if (name === 'mget' || name === 'unlink' || name === 'exists') keys += args.length
    else if (!NO_KEYS.has(name)) keys += 1
    return sendCommand.call(this, command, stream)
  })
  const { query } = pg.Client.prototype
  Reflect.set(pg.Client.prototype, 'query', function (this: pg.Client, ...args: readonly unknown[]) {
    const [first, second] = args
    const { text, values = [] } = typeof first === 'string' ? { text: first } : (first as Partial<Statement>)
    if (!isReplaying && text !== undefined) {
      statements.push({ text, values: Array.isArray(second) ? second : values })
    }
    return Reflect.apply(query, this, args)
  })
  const clients = new Map<string, pg.Client>()
  afterAll(async () => {
    Reflect.set(pg.Client.prototype, 'query', query)
    for (const client of clients.values()) await client.end()
  })

  async function clientOf(databaseUrl: string): Promise<pg.Client> {
    const known = clients.get(databaseUrl)
    if (known) return known
    const client = new pg.Client({ connectionString: databaseUrl })
    clients.set(databaseUrl, client)
    await client.connect()
    // Tables of a test are so small that the planner would rather read them whole than use an index.
    await client.query('SET enable_seqscan = off')
    return client
  }

  async function rowsOf(databaseUrl: string): Promise<number> {
    isReplaying = true
    const client = await clientOf(databaseUrl)
    let rows = 0
    for (const { text, values } of statements) {
      if (/^\s*(INSERT|UPDATE)/i.test(text)) rows += ROWS_OF_A_WRITE
      if (!/^\s*SELECT/i.test(text)) continue
      const answer = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) ${text}`, values)
      rows += scannedBy(answer.rows[0]['QUERY PLAN'][0].Plan)
    }
    isReplaying = false
    return rows
  }

  return {
    /** Runs a request and counts its work. @param keysInRedis number of all keys there, which a scan looks at */
    async of<T>(
      databaseUrl: string,
      keysInRedis: number,
      run: () => Promise<T>,
    ): Promise<readonly [T, Work]> {
      keysInAll = keysInRedis
      keys = 0
      values = 0
      statements = []
      const [visited, words] = [index.visited, index.words]
      const answer = await run()
      const records = index.visited - visited + index.words - words + values
      const counted = keys
      return [
        answer,
        {
          keys: counted,
          rows: await rowsOf(databaseUrl),
          records,
          bytes: Buffer.byteLength(JSON.stringify(answer) ?? ''),
        },
      ]
    },
  }
}

interface Plan {
  readonly 'Node Type': string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Rows Removed by Index Recheck'?: number
  readonly Plans?: readonly Plan[]
}

/** The rows that the scans of a plan look at. */
function scannedBy(plan: Plan): number {
  const isScan = /(Seq|Index|Index Only|Bitmap Heap) Scan$/.test(plan['Node Type'])
  const looked =
    plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Index Recheck'] ?? 0)
  const own = isScan && !plan['Node Type'].startsWith('Bitmap Index') ? looked * plan['Actual Loops'] : 0
  return (plan.Plans ?? []).reduce((sum, inner) => sum + scannedBy(inner), own)
}
