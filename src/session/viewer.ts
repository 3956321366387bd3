import type { StaticToken } from '../config/admin-tokens.js'
import type { AdminAccount } from '../gateway/gateway.js'

/**
 * Rights of the gateway's management tokens that count here. A token with a list of rights sees and does no more here than
 * the gateway lets it; any other viewer has all of them.
 */
export type Permission =
  | 'admin:monitoring:read'
  | 'admin:monitoring:write'
  | 'admin:users:read'
  | 'admin:usage:read'

/** The viewer: who makes a request. */
export interface Viewer {
  /** Identifies the viewer for whatever is counted: a static token and an account of the same name are two viewers. */
  readonly key: string
  /** The static token's name or the account's username, for the console and the audit events. */
  readonly name: string
  readonly role: 'ADMIN' | 'AUDIT_ADMIN' | 'USER'
  readonly canClear: boolean
  /** The account's id; null for a static token, which belongs to no account. */
  readonly userId: string | null
  /** The names of the rights that the token is limited to; null: it has no such limit. */
  readonly permissions: readonly string[] | null
  /** True while the database cannot confirm the account: it reads on for a while, and clears nothing. */
  readonly isUnconfirmed?: boolean
}

/** The one place that says whether a viewer has a right. */
export const holds = ({ permissions }: Viewer, permission: Permission): boolean =>
  permissions === null || permissions.includes(permission)

/** The message for a viewer who lacks a right. */
export const lacking = (permission: Permission): string => `This token lacks the right ${permission}.`

export const viewerOfStaticToken = ({ name, role }: StaticToken): Viewer => ({
  key: `token:${name}`,
  name,
  role: role === 'admin' ? 'ADMIN' : 'USER',
  canClear: role === 'admin',
  userId: null,
  permissions: null,
})

type Administrator = Pick<AdminAccount, 'id' | 'username'> & { readonly role: 'admin' | 'audit_admin' }

export const isAdministrator = <A extends AdminAccount>(account: A): account is A & Administrator =>
  account.role !== 'user'

/** An account has one key however it signs in, so that its tokens share a budget. */
export const viewerOfAdmin = (
  { id, username, role }: Administrator,
  permissions: readonly string[] | null = null,
): Viewer => ({
  key: `user:${id}`,
  name: username,
  role: role === 'admin' ? 'ADMIN' : 'AUDIT_ADMIN',
  canClear: role === 'admin' && (permissions?.includes('admin:monitoring:write') ?? true),
  userId: id,
  permissions,
})
