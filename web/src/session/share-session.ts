import { endSession, type Session, sessionOf, sessionStore, startSession } from './session.js'

/** GraphiQL asks on this channel too. */
export const SESSION_CHANNEL = 'affinityql.session'
/** A tab that lives answers within some milliseconds. A later answer is taken as well, unless somebody has signed in. */
const WAIT_MS = 250

/** What the console's tabs in one browser say to each other. */
type Word =
  | { readonly kind: 'ask'; readonly id: string }
  | { readonly kind: 'answer'; readonly id: string; readonly session: Session }
  | { readonly kind: 'ended'; readonly token: string }

/**
 * Takes over the session of another open tab, so that a link opened in a new tab needs no second sign-in, and ends with
 * it. From then on this tab answers others. Nothing is stored: the session ends with the last tab.
 * Resolves when there is a session, or after `waitMs` without an answer.
 */
export function shareSession(
  channel: Pick<BroadcastChannel, 'postMessage' | 'onmessage'>,
  waitMs = WAIT_MS,
): Promise<void> {
  const asked = sessionStore.get().session === null ? newId() : null
  let isOpen = asked !== null
  let known = sessionStore.get().session
  const say = (word: Word) => channel.postMessage(word)

  return new Promise((resolve) => {
    sessionStore.subscribe(() => {
      const { session } = sessionStore.get()
      // A tab that signs in, or has signed out, takes over nobody's session.
      isOpen = false
      if (known !== null && session === null) say({ kind: 'ended', token: known.token })
      known = session
    })
    channel.onmessage = ({ data }) => {
      const word = wordOf(data)
      const { session, expired } = sessionStore.get()
      if (word?.kind === 'ask' && session !== null && !expired) {
        say({ kind: 'answer', id: word.id, session })
      } else if (word?.kind === 'answer' && isOpen && word.id === asked) {
        startSession(word.session)
        resolve()
      } else if (word?.kind === 'ended' && session?.token === word.token) {
        endSession()
      }
    }
    if (asked === null) return resolve()
    say({ kind: 'ask', id: asked })
    setTimeout(resolve, waitMs)
  })
}

/** `crypto.randomUUID` is missing where the console is opened over plain HTTP. */
const newId = (): string => crypto.getRandomValues(new Uint32Array(4)).join('-')

/** Reads a message: a tab may run another version of the console. */
function wordOf(data: unknown): Word | null {
  if (typeof data !== 'object' || data === null || !('kind' in data)) return null
  const id = 'id' in data && typeof data.id === 'string' ? data.id : null
  if (data.kind === 'ask' && id !== null) return { kind: 'ask', id }
  if (data.kind === 'ended' && 'token' in data && typeof data.token === 'string') {
    return { kind: 'ended', token: data.token }
  }
  const session = data.kind === 'answer' && 'session' in data ? sessionOf(data.session) : null
  return session !== null && id !== null ? { kind: 'answer', id, session } : null
}
