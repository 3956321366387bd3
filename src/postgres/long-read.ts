import pg from 'pg'
import { OperationTimeoutError } from '../errors.js'
import type { QueryListener } from './query-observer.js'

/** A statement that may take longer than others, and must not disturb them. */
export interface LongRead {
  /** Cast numbers to float8 and times to text: drivers differ in the others. */
  readonly sql: string
  readonly args: readonly (string | readonly string[])[]
  /** Milliseconds after which the server ends the statement. */
  readonly timeoutMs: number
  /** The server ends the statement when it is aborted. */
  readonly signal?: AbortSignal
}

export type Rows = readonly (readonly unknown[])[]

/** The gateway's own requests come first: such a read must not take its processors, and compiling it would take longer than it saves. */
const ALONE = ['SET LOCAL max_parallel_workers_per_gather = 0', 'SET LOCAL jit = off']

export const settingsOf = ({ timeoutMs }: LongRead): readonly string[] => [
  `SET LOCAL statement_timeout = ${Math.ceil(timeoutMs)}`,
  ...ALONE,
]

/** SQLSTATE: the server ended the statement, by its time-out or because somebody asked it to. */
const ENDED = '57014'
/** Added to the server's time-out, so that the client's is reached only if the server no longer answers at all. */
const CLIENT_TIMEOUT_MARGIN_MS = 1_000

/** A process number may serve another transaction, of another client of a pooler, by the time that it is to be ended. */
const CANCEL = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = $1::int AND xact_start = $2::timestamptz`

/**
 * Runs one statement in a read-only transaction on a connection of the pool.
 * @throws OperationTimeoutError if it takes too long; the signal's reason if it was aborted; the driver's error
 */
export async function readLong(pool: pg.Pool, read: LongRead, tell: QueryListener): Promise<Rows> {
  const { signal, timeoutMs } = read
  signal?.throwIfAborted()
  const client = await pool.connect()
  const start = performance.now()
  // An error of the connection reaches the statement as well; without a listener it would end the process.
  const onError = () => {}
  client.on('error', onError)
  const told = async <Result>(sql: string, run: () => Promise<Result>): Promise<Result> => {
    const start = performance.now()
    try {
      return await run()
    } finally {
      tell(sql, performance.now() - start)
    }
  }
  let isRight = false
  let stopListening = () => {}
  try {
    await client.query('BEGIN READ ONLY')
    for (const setting of settingsOf(read)) await told(setting, () => client.query(setting))
    if (signal) stopListening = await cancelWhenAborted(pool, client, signal)
    const { rows } = await told(read.sql, () => client.query<unknown[]>(queryOf(read)))
    await client.query('COMMIT')
    isRight = true
    return rows
  } catch (error) {
    isRight = await client.query('ROLLBACK').then(
      () => true,
      () => false,
    )
    signal?.throwIfAborted()
    // The server's words are in its own language; somebody else may have ended it sooner.
    if (error instanceof pg.DatabaseError && error.code === ENDED && performance.now() - start >= timeoutMs)
      throw new OperationTimeoutError(Math.ceil(timeoutMs / 1_000))
    throw error
  } finally {
    stopListening()
    client.off('error', onError)
    client.release(!isRight)
  }
}

const queryOf = ({ sql, args, timeoutMs }: LongRead) => ({
  text: sql,
  values: args.map((arg) => (typeof arg === 'string' ? arg : [...arg])),
  rowMode: 'array' as const,
  // pg reads it from each query; its types do not tell.
  query_timeout: timeoutMs + CLIENT_TIMEOUT_MARGIN_MS,
})

/** @returns a function that stops listening */
async function cancelWhenAborted(
  pool: pg.Pool,
  client: pg.PoolClient,
  signal: AbortSignal,
): Promise<() => void> {
  const { rows } = await client.query<[number, string]>({
    text: 'SELECT pg_backend_pid(), now()::text',
    rowMode: 'array',
  })
  const [pid, begunAt] = rows[0] ?? []
  signal.throwIfAborted()
  const cancel = () => {
    // If the server cannot be asked, the statement's own time-out ends it.
    pool.query(CANCEL, [pid, begunAt]).catch(() => {})
  }
  signal.addEventListener('abort', cancel, { once: true })
  return () => signal.removeEventListener('abort', cancel)
}
