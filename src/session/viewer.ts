import type { StaticToken } from '../config/admin-tokens.js'

/** The viewer: who makes a request. */
export interface Viewer {
  /** Identifies the viewer for whatever is counted: a static token and an account of the same name are two viewers. */
  readonly key: string
  /** The static token's name or the account's username, for the console and the audit events. */
  readonly name: string
  readonly role: 'ADMIN' | 'USER'
  readonly canClear: boolean
  /** The account's id; null for a static token, which belongs to no account. */
  readonly userId: string | null
}

export const viewerOfStaticToken = ({ name, role }: StaticToken): Viewer => ({
  key: `token:${name}`,
  name,
  role: role === 'admin' ? 'ADMIN' : 'USER',
  canClear: role === 'admin',
  userId: null,
})

export const viewerOfAdmin = ({
  id,
  username,
}: {
  readonly id: string
  readonly username: string
}): Viewer => ({
  key: `user:${id}`,
  name: username,
  role: 'ADMIN',
  canClear: true,
  userId: id,
})
