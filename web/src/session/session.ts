import { createStore } from '../hooks/store.js'

export interface Session {
  readonly token: string
  /** Unix milliseconds; null for a pasted token, whose end only the server knows. */
  readonly expiresAt: number | null
  /** The device that a token of the gateway is bound to; null for any other token. */
  readonly deviceId: string | null
}

export interface SessionState {
  readonly session: Session | null
  /** The token has expired. The page stays, and a sign-in dialogue lies over it. */
  readonly expired: boolean
  /** The last sign-out did not reach the server, so that its token is still valid. */
  readonly unrevoked: boolean
}

/** GraphiQL reads this key too, if it is opened from the console. */
const STORAGE_KEY = 'affinityql.session'

export const sessionStore = createStore<SessionState>({
  session: restore(),
  expired: false,
  unrevoked: false,
})

function restore(): Session | null {
  try {
    return sessionOf(JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? 'null'))
  } catch {
    return null
  }
}

/** Returns the session that a stored or received value is; null if it is none. */
export function sessionOf(value: unknown): Session | null {
  if (typeof value !== 'object' || value === null || !('token' in value)) return null
  if (typeof value.token !== 'string') return null
  const expiresAt = 'expiresAt' in value && typeof value.expiresAt === 'number' ? value.expiresAt : null
  const deviceId = 'deviceId' in value && typeof value.deviceId === 'string' ? value.deviceId : null
  return { token: value.token, expiresAt, deviceId }
}

export function startSession(session: Session): void {
  sessionStorage.setItem(STORAGE_KEY, JSON.stringify(session))
  sessionStore.set({ session, expired: false, unrevoked: false })
}

export function endSession(): void {
  sessionStorage.removeItem(STORAGE_KEY)
  sessionStore.set({ session: null, expired: false, unrevoked: false })
}

/** Tells the next who signs in that the token of the session before is still valid. */
export function reportUnrevoked(): void {
  const state = sessionStore.get()
  if (state.session === null) sessionStore.set({ ...state, unrevoked: true })
}

/** Calls back with each new session, and with null after a sign-out. */
export function onSessionChange(listener: (session: Session | null) => void): void {
  let { session: before } = sessionStore.get()
  sessionStore.subscribe(() => {
    const { session } = sessionStore.get()
    if (session === before) return
    before = session
    listener(session)
  })
}

/**
 * The session's token is not accepted any more.
 * @param refused what the server has refused (`authorization`): a late answer to another session does not end this one
 */
export function expireSession(refused = authorization()['authorization']): void {
  const { session } = sessionStore.get()
  if (session === null || refused !== authorization()['authorization']) return
  sessionStore.set({ session, expired: true, unrevoked: false })
}

export const headersOf = ({
  token,
  deviceId,
}: Pick<Session, 'token' | 'deviceId'>): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  ...(deviceId !== null && { 'x-client-device-id': deviceId }),
})

export const authorization = (): Record<string, string> => {
  const { session } = sessionStore.get()
  return session ? headersOf(session) : {}
}

/** Resolves when there is a session that has not ended; at once while there is. */
export function whenSignedIn(): Promise<void> {
  const signedIn = () => sessionStore.get().session !== null && !sessionStore.get().expired
  if (signedIn()) return Promise.resolve()
  return new Promise((resolve) => {
    const stop = sessionStore.subscribe(() => {
      if (!signedIn()) return
      stop()
      resolve()
    })
  })
}
