import type { Context } from '../context.js'
import { InvalidCredentialsError } from '../errors.js'
import type { UserRow } from '../gateway/rows.js'
import type { Login } from '../session/authenticator.js'
import type { Viewer } from '../session/viewer.js'
import type { MaybePromise } from '../util/promises.js'
import { completeEvent } from './with-audit.js'

/**
 * Signs a user in. Success and failure both leave an audit event; what was typed is the target of a failure and not its
 * actor. A rate-limited attempt leaves none, since an attacker could
 * flood the audit log.
 * @throws InvalidCredentialsError; RateLimitedError; UnavailableError if the database does not answer
 */
export async function login(email: string, password: string, context: Context): Promise<Login> {
  context.clientGone.throwIfAborted()
  const session = await context.login(email, password)
  const event = await context.audit.begin({
    action: 'admin_login',
    arguments: { email },
    actorName: session?.viewer.name ?? '',
    actorId: session?.viewer.userId ?? null,
    ipAddress: context.clientAddress,
    userAgent: context.userAgent,
    requestId: context.requestId,
  })
  const refusal = session ? null : new InvalidCredentialsError()
  await completeEvent(context, event, {
    success: refusal === null,
    statusCode: refusal ? 401 : 200,
    errorMessage: refusal?.message ?? null,
    result: {},
  })
  if (!session) throw new InvalidCredentialsError()
  return session
}

export const userOfViewer = (viewer: Viewer, { loaders }: Context): MaybePromise<UserRow | null> =>
  viewer.userId === null ? null : loaders.users.load(viewer.userId)
