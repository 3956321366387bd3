import type pg from 'pg'

/** The driver's own message, by which the error counts as an outage. */
const NO_ANSWER = 'Query read timeout'

type Statement = string | pg.QueryConfig
type Told = (error: Error | null, result: pg.QueryResult) => void

/**
 * Gives the statements of a pool that are no part of a transaction a time-out of ours in place of the driver's `query_timeout`.
 * With the driver's, each result outlives its reader until the next full garbage collection: for a page of affinities some 80 kB
 * of rows, which every collection before it copies.
 */
export function boundStatements(pool: pg.Pool, timeoutMs: number): void {
  const query = (statement: Statement, values?: unknown[]): Promise<pg.QueryResult> =>
    new Promise((resolve, reject) => {
      pool.connect((refusal, client, release) => {
        if (!client) {
          reject(refusal)
          return
        }
        let isOver = false
        const end = (failure: Error | null): boolean => {
          if (isOver) return false
          isOver = true
          clearTimeout(timer)
          client.removeListener('error', fail)
          // The pool closes a session whose statement has failed: nobody knows what it is still doing.
          release(failure ?? undefined)
          return true
        }
        const fail = (failure: Error) => {
          if (end(failure)) reject(failure)
        }
        const timer = setTimeout(() => fail(new Error(NO_ANSWER)), timeoutMs)
        client.once('error', fail)
        try {
          ask(client, statement, values, (failure, result) => {
            if (failure) fail(failure)
            else if (end(null)) resolve(result)
          })
        } catch (error) {
          fail(error instanceof Error ? error : new Error('The driver takes no statement.', { cause: error }))
        }
      })
    })
  Object.assign(pool, { query })
}

/** Sends a statement without the driver's time-out, which the client reads while the statement is handed over. */
function ask(client: pg.PoolClient, statement: Statement, values: unknown[] | undefined, told: Told): void {
  const parameters: unknown = Reflect.get(client, 'connectionParameters')
  if (typeof parameters !== 'object' || parameters === null) {
    throw new Error('This release of the driver has no parameters of a connection.')
  }
  const before: unknown = Reflect.get(parameters, 'query_timeout')
  Reflect.set(parameters, 'query_timeout', 0)
  try {
    if (typeof statement === 'string') client.query(statement, values ?? [], told)
    else client.query(statement, told)
  } finally {
    Reflect.set(parameters, 'query_timeout', before)
  }
}
