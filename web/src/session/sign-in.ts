import { client } from '../api/client.js'
import { codeOf, type FailureKind, failureKind } from '../api/errors.js'
import { LoginDocument, LogoutDocument, ViewerDocument } from '../generated/graphql.js'
import { endSession, headersOf, reportUnrevoked, sessionStore, startSession } from './session.js'

/** The reason why a sign-in failed; null if it succeeded. */
export type SignInFailure = 'badCredentials' | 'badToken' | 'tooMany' | FailureKind | null

export async function signInByPassword(email: string, password: string): Promise<SignInFailure> {
  try {
    const { data } = await client.mutate({
      mutation: LoginDocument,
      variables: { email, password },
      // The server would refuse the expired token before it checks the password.
      context: { ownAuthorization: true },
    })
    if (data?.login.__typename !== 'Session') return 'badCredentials'
    startSession({ token: data.login.token, expiresAt: Date.parse(data.login.expiresAt), deviceId: null })
    return null
  } catch (error) {
    return codeOf(error) === 'RATE_LIMITED' ? 'tooMany' : failureKind(error)
  }
}

/** Checks the token, and the device that it may be bound to, with the server before the session starts. */
export async function signInByToken(text: string, device: string): Promise<SignInFailure> {
  const token = text.trim().replace(/^Bearer\s+/i, '')
  // A header cannot hold other characters, so this cannot be a token.
  if (!/^[\x21-\x7e]+$/.test(token) || !/^[\x20-\x7e]*$/.test(device)) return 'badToken'
  const deviceId = device === '' ? null : device
  const headers = headersOf({ token, deviceId })
  try {
    const { data, error } = await client.query({
      query: ViewerDocument,
      fetchPolicy: 'no-cache',
      context: { headers, ownAuthorization: true },
    })
    if (error) throw error
    if (!data) return 'badToken'
    startSession({ token, expiresAt: null, deviceId })
    return null
  } catch (error) {
    return codeOf(error) === 'UNAUTHENTICATED' ? 'badToken' : failureKind(error)
  }
}

/** Forgets the session at once, and has the server revoke its token. */
export async function signOut(): Promise<void> {
  const { session } = sessionStore.get()
  endSession()
  if (!session) return
  try {
    await client.mutate({
      mutation: LogoutDocument,
      fetchPolicy: 'no-cache',
      context: { headers: headersOf(session), ownAuthorization: true },
    })
  } catch (error) {
    // A static token cannot be revoked so, and a token that is refused needs no more.
    if (!['UNAUTHENTICATED', 'FORBIDDEN'].includes(codeOf(error) ?? '')) reportUnrevoked()
  }
}
