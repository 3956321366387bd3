/** How many connections of a role this process takes. */
export interface ConnectionShare {
  /** Statements that run at the same time. */
  readonly statements: number
  /** Connections at most; where there is room, one of them is for pings alone. */
  readonly connections: number
  /** What the role may have (`CONNECTION LIMIT`); null: no limit. */
  readonly roleLimit: number | null
}

const ROLE_LIMIT = 'SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user AND NOT rolsuper'

/** Reads the role's limit. PostgreSQL does not hold superusers to theirs, and -1 means none. */
export async function readRoleLimit(
  query: (sql: string) => Promise<{ readonly rows: readonly unknown[] }>,
): Promise<number | null> {
  const [row] = (await query(ROLE_LIMIT)).rows
  const limit = typeof row === 'object' && row !== null ? Number(Reflect.get(row, 'rolconnlimit')) : -1
  return limit >= 0 ? limit : null
}

/** Share of a role's connections that is left to others: the `doctor`, the next version during an upgrade, people. */
const SHARE_OF_OTHERS = 1 / 4

/** Divides what a role may have: at least one connection is taken, and at least one left where there are two. */
export function shareOf(poolSize: number, roleLimit: number | null): ConnectionShare {
  const wanted = poolSize + 1
  const mayHave =
    roleLimit === null ? wanted : Math.max(1, roleLimit - Math.ceil(roleLimit * SHARE_OF_OTHERS))
  const connections = Math.min(wanted, mayHave)
  return { statements: Math.max(1, connections - 1), connections, roleLimit }
}
