import { createHash } from 'node:crypto'

/** A session as a client names it to the gateway. It is a client's secret: it goes nowhere but into hashes. */
export interface ClientSession {
  readonly id: string
  readonly agent?: string | null | undefined
  readonly account?: string | null | undefined
}

/** A version of a routing group, which the gateway mixes into the hash of a session. */
export interface SessionScope {
  readonly groupId: string
  readonly version: string
}

const SCOPE = 'scheduler-affinity-scope-v1'

/**
 * Returns the hashes under which a gateway may have pinned a session: of its key alone, and within each routing group. Agent
 * and account, if they are given, are a part of every key, so that no other agent's session is found.
 */
export function sessionHashes(session: ClientSession, scopes: readonly SessionScope[]): string[] {
  return sessionKeys(session).flatMap((key) => [
    sha256(key),
    ...scopes.map(({ groupId, version }) => sha256([SCOPE, groupId, version, 'session', key].join('\0'))),
  ])
}

/** Returns the texts that gateways hash for a session. */
function sessionKeys({ id, agent, account }: ClientSession): string[] {
  const session = `session=${id}`
  const ofAgent = agent == null ? session : `${session};agent=${agent}`
  if (account == null) return [ofAgent]
  const ofAccount = `account=${account};${session}`
  return agent == null ? [ofAccount] : [`account=${account};${ofAgent}`, ofAccount, ofAgent]
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
