import type { Database } from '../../postgres/database.js'
import { mapDatabaseErrors } from '../../postgres/database-errors.js'
import type { AdminAccount, AdminDirectory, Generation, ManagementToken, SessionRow } from '../gateway.js'
import type { Look, Looks } from './look.js'

const SESSION_COLUMNS = ['id', 'user_id', 'client_device_id', 'expires_at', 'revoked_at']
const MANAGEMENT_COLUMNS = ['id', 'user_id', 'token_hash', 'is_active', 'expires_at', 'allowed_ips']
/** The key of `system_configs` by which a Python gateway switches management tokens on. */
const MANAGEMENT_SWITCH = 'module.management_tokens.enabled'

type Values = readonly unknown[]

/** The statements about accounts that follow from a look at the tables. */
export interface AccountStatements {
  readonly generation: Generation
  /** Undefined without the ids of users: then nobody has an account. So for the next. */
  readonly holder: string | undefined
  /** `unreadable`: there are sessions, but without a column that is needed, or without the right to read them. */
  readonly sessions: 'none' | 'readable' | 'unreadable'
  readonly byName: string | undefined
  /** Undefined without the columns by which an administrator's hash is found. */
  readonly sampleHash: string | undefined
  /** Undefined where this gateway has no management tokens, or where they cannot be read. */
  readonly managementToken: string | undefined
  readonly unreadable: readonly string[]
}

/**
 * The accounts that may sign in, their sessions and their management tokens, read each time: a demotion, a sign-out and a
 * revocation count at once. Columns are read where the latest look at the tables found them.
 */
export function createAdminDirectory(
  { query }: Pick<Database, 'query'>,
  looks: Pick<Looks<{ readonly accounts: AccountStatements }>, 'run'>,
): AdminDirectory {
  const read = <T>(run: (found: AccountStatements) => Promise<T>): Promise<T> =>
    mapDatabaseErrors(() => looks.run(({ accounts }) => run(accounts)))

  return {
    generation: () => read(async ({ generation }) => generation),
    holderOf: (userId, sessionId) =>
      read(async ({ generation, holder, sessions }) => {
        const args = sessions === 'readable' ? [userId, sessionId ?? ''] : [userId]
        const [row] = holder === undefined ? [] : await query(holder, args)
        return {
          generation,
          account: row === undefined ? null : accountOf(row),
          session: sessions === 'none' ? undefined : row === undefined ? null : sessionOf(row),
        }
      }),
    findByName: (name) =>
      read(async ({ byName }) => {
        const [row] = byName === undefined ? [] : await query(byName, [name])
        return row === undefined ? null : accountOf(row)
      }),
    findManagementToken: (sha256Hex) =>
      read(async ({ managementToken }) => {
        if (managementToken === undefined) return null
        const [row] = await query(managementToken, [sha256Hex])
        return row === undefined ? null : managementTokenOf(row)
      }),
    unreadable: () => read(async ({ unreadable }) => unreadable),
    sampleHash: () =>
      read(async ({ sampleHash }) => {
        const [row] = sampleHash === undefined ? [] : await query(sampleHash, [])
        return typeof row?.[0] === 'string' ? row[0] : undefined
      }),
  }
}

const SAMPLE_HASH = `SELECT password_hash FROM users
  WHERE role::text IN ('admin', 'audit_admin') AND password_hash IS NOT NULL LIMIT 1`

export function accountStatements({ tables, generation, mayRead }: Look): AccountStatements {
  const exists = (table: string, column?: string) =>
    column === undefined ? tables.has(table) : tables.get(table)?.has(column) === true

  const hasUsers = exists('users', 'id')
  const account = accountColumns((column) => exists('users', column))
  const sessions = !exists('user_sessions')
    ? 'none'
    : mayRead('user_sessions', ...SESSION_COLUMNS)
      ? 'readable'
      : 'unreadable'
  const hasSwitch = generation !== 'PROCESS_MEMORY'
  const hasManagementTokens =
    hasUsers &&
    mayRead('management_tokens', ...MANAGEMENT_COLUMNS) &&
    (!hasSwitch || mayRead('system_configs', 'key', 'value'))
  return {
    generation,
    sessions,
    holder: !hasUsers
      ? undefined
      : sessions === 'readable'
        ? `SELECT ${account}, s.client_device_id, s.expires_at, s.revoked_at
           FROM users LEFT JOIN user_sessions s ON s.user_id = users.id AND s.id = $2 WHERE users.id = $1`
        : `SELECT ${account} FROM users WHERE users.id = $1`,
    byName: hasUsers ? namedSql(account, (column) => exists('users', column)) : undefined,
    sampleHash: exists('users', 'role') && exists('users', 'password_hash') ? SAMPLE_HASH : undefined,
    unreadable: [
      ...(sessions === 'unreadable' ? ['user_sessions'] : []),
      ...(exists('management_tokens') && !hasManagementTokens ? ['management_tokens'] : []),
    ],
    managementToken: hasManagementTokens
      ? `SELECT ${account}, t.id, t.is_active, t.expires_at, t.allowed_ips::text,
           ${exists('management_tokens', 'permissions') ? "coalesce(t.permissions::text, 'null')" : 'NULL'},
           ${hasSwitch ? `(SELECT value::text FROM system_configs WHERE key = '${MANAGEMENT_SWITCH}')` : "'true'"}
         FROM management_tokens t JOIN users ON users.id = t.user_id WHERE t.token_hash = $1`
      : undefined,
  }
}

/** The columns of an account in the order in which `accountOf` takes them. An account without its column has no rights. */
const accountColumns = (exists: (column: string) => boolean): string =>
  [
    'users.id',
    exists('username') ? 'users.username' : 'users.id',
    exists('email') ? 'users.email' : 'NULL',
    exists('password_hash') ? 'users.password_hash' : 'NULL',
    exists('role') ? 'users.role::text' : 'NULL',
    exists('is_active') ? 'users.is_active' : 'false',
    exists('is_deleted') ? 'users.is_deleted' : 'false',
    exists('created_at') ? 'users.created_at' : 'NULL::timestamptz',
  ].join(', ')

/** The argument is called email, so that no username of somebody else goes before it. */
function namedSql(account: string, exists: (column: string) => boolean): string {
  const matches = ['email', 'username'].filter(exists).map((column) => `users.${column} = $1`)
  const order = exists('email') ? ' ORDER BY users.email = $1 DESC NULLS LAST' : ''
  return `SELECT ${account} FROM users WHERE ${matches.length > 0 ? matches.join(' OR ') : '$1 = NULL'}${order} LIMIT 1`
}

const ACCOUNT_WIDTH = 8

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)

/** The driver adapter leaves times as texts. */
const dateOf = (value: unknown): Date | null =>
  value instanceof Date ? value : typeof value === 'string' ? new Date(value) : null

function accountOf([id, username, email, hash, role, isActive, isDeleted, createdAt]: Values): AdminAccount {
  return {
    id: String(id),
    username: String(username),
    email: textOf(email),
    passwordHash: textOf(hash),
    role: role === 'admin' || role === 'audit_admin' ? role : 'user',
    isActive: isActive === true,
    isDeleted: isDeleted !== false,
    createdAt: dateOf(createdAt),
  }
}

function sessionOf(row: Values): SessionRow | null {
  const [deviceId, expiresAt, revokedAt] = row.slice(ACCOUNT_WIDTH)
  const ends = dateOf(expiresAt)
  if (typeof deviceId !== 'string' || ends === null) return null
  return { deviceId, expiresAt: ends, isRevoked: revokedAt !== null }
}

function managementTokenOf(row: Values): ManagementToken | null {
  const [id, isActive, expiresAt, allowedIps, permissions, isSwitchedOn] = row.slice(ACCOUNT_WIDTH)
  if (isSwitchedOn !== 'true') return null
  return {
    id: String(id),
    owner: accountOf(row),
    isActive: isActive === true,
    expiresAt: dateOf(expiresAt),
    allowedIps: listOf(allowedIps),
    // A column that is there and holds null gives no rights.
    permissions: permissions === null ? null : (listOf(permissions) ?? []),
  }
}

/** The texts of a JSON list; null for SQL NULL and JSON null, and nothing for any other JSON. */
function listOf(json: unknown): string[] | null {
  try {
    const value: unknown = typeof json === 'string' ? JSON.parse(json) : null
    if (value === null) return null
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
  } catch {
    // The column is of another type than JSON.
    return []
  }
}
