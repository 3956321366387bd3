import type { Context, LoginSession } from '../context.js'
import { InvalidCredentialsError } from '../errors.js'
import type { Viewer } from '../security/viewer.js'
import type { UserRow } from '../stores/gateway-rows.js'

/** @throws InvalidCredentialsError; RateLimitedError; UnavailableError where the database does not answer */
export async function login(email: string, password: string, context: Context): Promise<LoginSession> {
  const session = await context.login(email, password)
  if (!session) throw new InvalidCredentialsError()
  return session
}

export const userOfViewer = (
  viewer: Viewer,
  { loaders }: Context,
): UserRow | null | Promise<UserRow | null> =>
  viewer.userId === null ? null : loaders.users.load(viewer.userId)
