import type { DimensionSets } from '../affinities/affinity-selection.js'
import { type ClearedTarget, type ClearWarning, warnings } from '../affinities/clear/clear-warning.js'
import type { Context } from '../context.js'
import { OverloadedError, RateLimitedError, UnavailableError } from '../errors.js'
import type { EntityLoader } from '../loaders/entity-loader.js'
import type { Loaders } from '../loaders/index.js'

/** The pin targets and models that a clear of affinities was asked for by name. */
export type NamedTargets = Pick<DimensionSets, 'providerId' | 'endpointId' | 'providerKeyId' | 'modelId'>

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

/** Targets are switched on if their rows are active, and so is a row of each other kind that the caller named. */
async function activeTargets(
  { providerId, endpointId, providerKeyId, modelId }: NamedTargets,
  { loaders }: Context,
): Promise<readonly ClearWarning[]> {
  const [providers, endpoints, providerKeys, models] = await Promise.all([
    activeRows(loaders.providers, providerId),
    activeRows(loaders.endpoints, endpointId),
    activeRows(loaders.providerKeys, providerKeyId),
    activeRows({ load: (model) => modelOf(model, loaders) }, modelId),
  ])
  // Nobody is pinned to a target of which one part is gone or switched off.
  if ([providers, endpoints, providerKeys, models].some((rows) => rows?.length === 0)) return []
  const targets: readonly ClearedTarget[] = [
    ...(providers ?? []).map(({ id, displayName }) => ({ kind: 'provider', id, name: displayName }) as const),
    ...(endpoints ?? []).map(({ id, baseUrl }) => ({ kind: 'endpoint', id, name: baseUrl }) as const),
    ...(providerKeys ?? []).map(({ id, name }) => ({ kind: 'provider key', id, name }) as const),
    ...(models ?? []).map(({ id, name }) => ({ kind: 'model', id, name }) as const),
  ]
  return targets.length > 0 ? [warnings.stillActive(targets)] : []
}

/** Finds a model by what a key may have in its place: the id of a global model, or a name. */
const modelOf = async (idOrName: string, { globalModels, globalModelsNamed }: Loaders) =>
  (await globalModels.load(idOrName)) ?? (await globalModelsNamed.load(idOrName))

/** Reads those of the rows that are switched on; undefined if none is named. */
async function activeRows<Row extends { readonly isActive: boolean }>(
  loader: Pick<EntityLoader<Row>, 'load'>,
  ids: ReadonlySet<string> | undefined,
): Promise<readonly Row[] | undefined> {
  if (ids === undefined) return undefined
  const rows = await Promise.all([...ids].map((id) => loader.load(id)))
  return rows.filter((row) => row !== null).filter(({ isActive }) => isActive)
}

/** A pool's key comes from its sessions, which no clear of affinities reaches. */
async function remainingSessions(
  { providerId, providerKeyId }: NamedTargets,
  { gatewayTraits, poolSessions }: Context,
): Promise<readonly ClearWarning[]> {
  if ((providerId ?? providerKeyId) === undefined || !gatewayTraits().hasPoolSessions) return []
  try {
    const remaining = (await poolSessions()).filter(
      (session) =>
        (providerId?.has(session.providerId) ?? true) && (providerKeyId?.has(session.providerKeyId) ?? true),
    )
    return remaining.length > 0
      ? [warnings.poolSessionsRemain(remaining.length, filterOf(providerId, providerKeyId))]
      : []
  } catch (error) {
    return error instanceof UnavailableError ||
      error instanceof OverloadedError ||
      error instanceof RateLimitedError
      ? [warnings.poolSessionsUnknown(error.message)]
      : []
  }
}

/** Returns the filter of the clear of pool sessions that lead to these targets; undefined if no single clear can name them. */
function filterOf(
  providerId: ReadonlySet<string> | undefined,
  providerKeyId: ReadonlySet<string> | undefined,
) {
  if ((providerId?.size ?? 1) !== 1 || (providerKeyId?.size ?? 1) !== 1) return undefined
  const [provider] = providerId ?? []
  const [providerKey] = providerKeyId ?? []
  return {
    ...(provider !== undefined && { providerId: provider }),
    ...(providerKey !== undefined && { providerKeyId: providerKey }),
  }
}
