import type { AuditIntent } from '../audit/audit-store.js'
import type { Context } from '../context.js'
import { ForbiddenError, InvalidCredentialsError } from '../errors.js'
import type { UserRow } from '../gateway/rows.js'
import type { Login } from '../session/authenticator.js'
import type { Viewer } from '../session/viewer.js'
import type { MaybePromise } from '../util/promises.js'
import { auditRefusal, completeEvent, failureOf } from './with-audit.js'

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

/**
 * Signs the viewer out, with an audit event. Every instance then refuses the token, also for the rest of this request.
 * @throws ForbiddenError for a token that is no access token; UnavailableError if a store does not answer: the token is good
 * until a sign-out succeeds
 */
export async function logout(context: Context): Promise<boolean> {
  const viewer = await context.viewer()
  const intent: AuditIntent = {
    action: 'admin_logout',
    arguments: {},
    actorName: viewer.name,
    actorId: viewer.userId,
    ipAddress: context.clientAddress,
    userAgent: context.userAgent,
    requestId: context.requestId,
  }
  const revoke = await context.signOut().catch(async (error: unknown) => {
    if (error instanceof ForbiddenError) await auditRefusal(context, viewer, intent, error)
    throw error
  })
  const event = await context.audit.begin(intent)
  try {
    await revoke()
  } catch (error) {
    await completeEvent(context, event, failureOf(error))
    throw error
  }
  await completeEvent(context, event, { success: true, statusCode: 200, errorMessage: null, result: {} })
  return true
}

export const userOfViewer = (viewer: Viewer, { loaders }: Context): MaybePromise<UserRow | null> =>
  viewer.userId === null ? null : loaders.users.load(viewer.userId)
