import pg from 'pg'
import { ConfigurationError, databaseUnavailable } from '../errors.js'

/** What makes sessions what the service needs: their time zone, their time-outs and, if need be, their schema. */
export interface PgSessions {
  /** Runs work once sessions are known to be right. Rejects with ConfigurationError if they cannot be made so. */
  whenRight<T>(work: () => Promise<T>): Promise<T>
  /** Resolves when the database answers in a session that is right. */
  ping(): Promise<void>
}

export interface PgSessionsOptions {
  readonly pool: pg.Pool
  /** What the pool connects with if a pooler refuses to pass on the settings of a session. */
  readonly withoutSettings: pg.PoolConfig
  readonly address: string
  /** The schema that statements mean; undefined: the session's own. */
  readonly schemaName: string | undefined
  readonly statementTimeoutMs: number
  readonly lockTimeoutMs: number
}

/** PgBouncer's words for settings that it may not drop (`ignore_startup_parameters`). */
const REFUSED = /^unsupported startup parameter/

const UTC = /^(Etc\/)?(UTC|UCT|Universal|Zulu)$/i

const SETTINGS = `SELECT current_setting('TimeZone'), current_setting('statement_timeout') <> '0',
  current_setting('lock_timeout') <> '0', current_schema(), current_user`

const SET_TIME_ZONE = "SET TimeZone TO 'UTC'"

interface Session {
  readonly timeZone: string
  readonly hasStatementTimeout: boolean
  readonly hasLockTimeout: boolean
  readonly schemaName: string | null
  readonly user: string
}

/**
 * Makes sure that sessions have what they were asked for at their start. A pooler in front of the database (PgBouncer in
 * transaction mode) refuses it or drops it without a word, and every time would be hours off. The time zone is then set
 * in the session, which a pooler keeps for each client. Time-outs are not: the pooler would hand them to others of the same
 * role, so the role must have them.
 */
export function createPgSessions(options: PgSessionsOptions): PgSessions {
  const { pool } = options
  let settled: Promise<void> | undefined
  let isRight = false
  let wasRight = false

  async function connect(): Promise<pg.PoolClient> {
    try {
      return await pool.connect()
    } catch (error) {
      if (!(error instanceof pg.DatabaseError && REFUSED.test(error.message))) throw error
      Object.assign(pool.options, options.withoutSettings)
      return pool.connect()
    }
  }

  async function settle(): Promise<void> {
    const client = await connect()
    try {
      if (problemsOf(await sessionOf(client), options).length === 0) return
      pool.options.onConnect = setTimeZone
      await setTimeZone(client)
      const problems = problemsOf(await sessionOf(client), options)
      if (problems.length > 0) throw new ConfigurationError(problems)
    } finally {
      client.release()
    }
  }

  function right(): Promise<void> {
    settled ??= settle().then(
      () => {
        isRight = true
        wasRight = true
      },
      (error: unknown) => {
        settled = undefined
        throw wasRight && error instanceof ConfigurationError ? databaseUnavailable(error) : error
      },
    )
    return settled
  }

  return {
    whenRight: (work) => (isRight ? work() : right().then(work)),
    async ping() {
      await right()
      const { rows } = await pool.query<[string]>({
        text: "SELECT current_setting('TimeZone')",
        rowMode: 'array',
      })
      if (UTC.test(rows[0]?.[0] ?? '')) return
      // A pooler has handed out another session than the one that was looked at.
      settled = undefined
      isRight = false
      await right()
    },
  }
}

async function setTimeZone(client: pg.ClientBase): Promise<void> {
  await client.query(SET_TIME_ZONE)
}

async function sessionOf(client: pg.ClientBase): Promise<Session> {
  const { rows } = await client.query<[string, boolean, boolean, string | null, string]>({
    text: SETTINGS,
    rowMode: 'array',
  })
  const [timeZone = '', hasStatementTimeout = false, hasLockTimeout = false, schemaName = null, user = ''] =
    rows[0] ?? []
  return { timeZone, hasStatementTimeout, hasLockTimeout, schemaName, user }
}

function problemsOf(session: Session, options: PgSessionsOptions): string[] {
  const lacks = [
    ...(UTC.test(session.timeZone) ? [] : [{ name: 'TimeZone', value: "'UTC'" }]),
    ...(session.hasStatementTimeout
      ? []
      : [{ name: 'statement_timeout', value: `'${options.statementTimeoutMs}ms'` }]),
    ...(session.hasLockTimeout ? [] : [{ name: 'lock_timeout', value: `'${options.lockTimeoutMs}ms'` }]),
    ...(options.schemaName === undefined || options.schemaName === session.schemaName
      ? []
      : [{ name: 'search_path', value: pg.escapeIdentifier(options.schemaName) }]),
  ]
  if (lacks.length === 0) return []
  const role = pg.escapeIdentifier(session.user)
  const statements = lacks.map(({ name, value }) => `ALTER ROLE ${role} SET ${name} = ${value};`)
  return [
    `The database at ${options.address} does not give sessions what they ask for (${lacks.map(({ name }) => name).join(', ')}): a pooler such as PgBouncer drops it. Run ${statements.join(' ')} and then RECONNECT in the pooler’s console, or set DATABASE_URL to the database itself.`,
  ]
}
