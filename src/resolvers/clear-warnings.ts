import { type ClearedTarget, type ClearWarning, warnings } from '../affinities/clear/clear-warning.js'
import type { Context } from '../context.js'
import { OverloadedError, RateLimitedError, UnavailableError } from '../errors.js'

/** The pin targets that a clear of affinities was asked for by name. */
export interface NamedTargets {
  readonly providerId?: string | null | undefined
  readonly endpointId?: string | null | undefined
  readonly providerKeyId?: string | null | undefined
}

/**
 * Says what holds whatever the clear does: pins that nobody reads, targets that are still switched on, and sessions of pools
 * that still lead there. It never rejects: a clear that was done must not fail for what is said beside it.
 */
export async function standingWarnings(
  named: NamedTargets,
  context: Context,
): Promise<readonly ClearWarning[]> {
  const found = await Promise.all([
    unreadPins(context).catch(() => []),
    activeTargets(named, context).catch(() => []),
    remainingSessions(named, context),
  ])
  return found.flat()
}

async function unreadPins({ loaders }: Context): Promise<readonly ClearWarning[]> {
  const { pinsAreHonoured, schedulingMode } = await loaders.schedulingModes()
  return pinsAreHonoured === false ? [warnings.pinsNotHonoured(schedulingMode)] : []
}

/** A target is switched on if its row is active, and so are the rows of which it is a part, as far as the caller named them. */
async function activeTargets(
  { providerId, endpointId, providerKeyId }: NamedTargets,
  { loaders }: Context,
): Promise<readonly ClearWarning[]> {
  const [provider, endpoint, providerKey] = await Promise.all([
    providerId == null ? null : loaders.providers.load(providerId),
    endpointId == null ? null : loaders.endpoints.load(endpointId),
    providerKeyId == null ? null : loaders.providerKeys.load(providerKeyId),
  ])
  const rows: readonly ({ readonly isOn: boolean } & ClearedTarget)[] = [
    ...(provider
      ? [{ kind: 'provider', id: provider.id, name: provider.displayName, isOn: provider.isActive } as const]
      : []),
    ...(endpoint
      ? [{ kind: 'endpoint', id: endpoint.id, name: endpoint.baseUrl, isOn: endpoint.isActive } as const]
      : []),
    ...(providerKey
      ? [
          {
            kind: 'provider key',
            id: providerKey.id,
            name: providerKey.name,
            isOn: providerKey.isActive,
          } as const,
        ]
      : []),
  ]
  const named = [providerId, endpointId, providerKeyId].filter((id) => id != null).length
  // Nobody is pinned to a target of which one part is gone or switched off.
  const isOn = rows.length > 0 && rows.length === named && rows.every((row) => row.isOn)
  return isOn ? [warnings.stillActive(rows)] : []
}

/** A pool's key comes from its sessions, which no clear of affinities reaches. */
async function remainingSessions(
  { providerId, providerKeyId }: NamedTargets,
  { gatewayTraits, poolSessions }: Context,
): Promise<readonly ClearWarning[]> {
  if ((providerId == null && providerKeyId == null) || !gatewayTraits().hasPoolSessions) return []
  const filter = {
    ...(providerId != null && { providerId }),
    ...(providerKeyId != null && { providerKeyId }),
  }
  try {
    const count = (await poolSessions()).filter(
      (session) =>
        (providerId == null || session.providerId === providerId) &&
        (providerKeyId == null || session.providerKeyId === providerKeyId),
    ).length
    return count > 0 ? [warnings.poolSessionsRemain(count, filter)] : []
  } catch (error) {
    return error instanceof UnavailableError ||
      error instanceof OverloadedError ||
      error instanceof RateLimitedError
      ? [warnings.poolSessionsUnknown(error.message)]
      : []
  }
}
