import { type AffinityRecord, dimensionValue } from '../affinities/affinity-record.js'
import { type AffinitySelection, checkOf, dependsOn } from '../affinities/affinity-selection.js'
import type { ClearForecast, ClearOptions, ClearReport } from '../affinities/clear/clear-report.js'
import type { Context } from '../context.js'
import { ConfirmationRequiredError, InvalidInputError, NotFoundError } from '../errors.js'
import type { ApiKeyRow, ProviderRow, UserRow } from '../gateway/rows.js'
import { affinityId } from './affinity.js'
import { type NamedTargets, standingWarnings } from './clear-warnings.js'
import {
  type AffinityFilter,
  filterSelection,
  only,
  ownedSelection,
  presentFields,
  readSearchText,
  resolveIdentifier,
  withoutSession,
} from './selections.js'
import { rejudgeBy } from './usability.js'
import { type Aftermath, type ClearPayload, withAudit } from './with-audit.js'

interface DryRun {
  readonly dryRun: boolean
}

export type ClearUserCachePayload = ClearPayload & { user: UserRow | null; apiKey: ApiKeyRow | null }
export type ClearSingleAffinityPayload = ClearPayload & { affinityId: string; affinityIds: readonly string[] }
export type ClearAffinitiesPayload = ClearPayload & { sparedCount: number }
export type ClearProviderCachePayload = ClearPayload & { providerId: string; provider: ProviderRow | null }

/** Clears every affinity of one user, or of one API key. */
export const clearUserCache = (
  { identifier, dryRun }: DryRun & { readonly identifier: string },
  context: Context,
): Promise<ClearUserCachePayload> =>
  withAudit(
    context,
    { action: 'cache_clear_user', dryRun, arguments: { identifier } },
    async (rename, auditEventId) => {
      const resolved = await resolveIdentifier(context.gateway, readSearchText(identifier, 'identifier'))
      if (!resolved) {
        throw new NotFoundError('No user has this id, username or email, and no API key has this id.')
      }
      const { user, apiKey } = resolved
      if (apiKey) rename('cache_clear_api_key')
      const keys = apiKey
        ? [apiKey]
        : user
          ? ((await context.loaders.apiKeys.byUser.load(user.id)) ?? [])
          : []
      const asked = { kind: 'apiKeys', ids: keys.map(({ id }) => id) } as const
      const selection = await ownedSelection(resolved, context)
      return {
        ...(await clearSelected(selection, dryRun, context, { asked, auditEventId })),
        what: 'affinity',
        which: apiKey ? `of API key ${apiKey.name ?? apiKey.id}` : `of ${user?.username ?? ''}`,
        extra: { user, apiKey },
        result: { userId: user?.id ?? null, apiKeyId: apiKey?.id ?? null },
      }
    },
  )

export interface SingleAffinityArguments extends DryRun {
  readonly affinityKey: string
  readonly endpointId: string
  readonly modelId: string
  readonly apiFormat: string
  readonly clientFamily?: string | null | undefined
  readonly sessionHash?: string | null | undefined
}

/** The most ids of cleared affinities that an answer names. */
const MAX_IDS = 1_000

/**
 * Clears the affinity of one API key, API format and model, but only while it is pinned to the endpoint that the caller saw.
 * If affinities belong to sessions, it clears that of one session, or without a session those of all.
 */
export const clearSingleAffinity = (
  { dryRun, ...given }: SingleAffinityArguments,
  context: Context,
): Promise<ClearSingleAffinityPayload> => {
  const named: Readonly<Record<string, string>> = Object.fromEntries(
    Object.entries(given).flatMap(([field, value]) => (value == null ? [] : [[field, value]])),
  )
  return withAudit(
    context,
    { action: 'cache_clear_single', dryRun, arguments: named },
    async (_rename, auditEventId) => {
      for (const [field, value] of Object.entries(named)) requireText(value, field)
      const isAsSeen = (now: AffinityRecord) =>
        Object.entries(named).every(([field, value]) => dimensionValue(now, field) === value)
      const records = (await readSingle(given, named, context)).filter(isAsSeen)
      const options = {
        isSelected: isAsSeen,
        isMeant: isAsSeen,
        actorId: await actorOf(context),
        auditEventId,
      }
      const cleared = await clearOrForesee(records, dryRun, context, options)
      const affinityIds = records.slice(0, MAX_IDS).map(affinityId)
      const [first] = affinityIds
      const isLeft = cleared.aftermath.warnings.some(({ code }) => code === 'NOT_CLEARABLE')
      if (first === undefined || (cleared.clearedCount === 0 && !isLeft)) {
        throw new NotFoundError(
          'There is no such affinity at this endpoint: it has expired, was cleared, or was pinned elsewhere since.',
        )
      }
      return { ...cleared, what: 'affinity', extra: { affinityId: first, affinityIds } }
    },
  )
}

/** Reads the records that the arguments may name: by their keys and, where these hold a session that is not given, by the index. */
async function readSingle(
  { affinityKey, apiFormat, modelId, clientFamily, sessionHash }: Omit<SingleAffinityArguments, 'dryRun'>,
  named: Readonly<Record<string, string>>,
  { affinityStore, affinities }: Context,
): Promise<readonly AffinityRecord[]> {
  const { families } = affinityStore
  const identity = { affinityKey, apiFormat, modelId }
  const isWhole = clientFamily != null && sessionHash != null
  const keys = families.keysOf(isWhole ? { ...identity, extra: { clientFamily, sessionHash } } : identity)
  const { records } = await affinityStore.read(keys)
  if (isWhole || !families.extraDimensions.includes('sessionHash')) return records
  const all = Object.fromEntries(Object.entries(named).map(([field, value]) => [field, new Set([value])]))
  const ofSessions = await affinities.matching({ all })
  return [...new Map([...records, ...ofSessions].map((record) => [record.key, record])).values()]
}

/** Clears every affinity that is pinned to a provider; an unknown provider is not an error. */
export const clearProviderCache = (
  { providerId, dryRun }: DryRun & { readonly providerId: string },
  context: Context,
): Promise<ClearProviderCachePayload> =>
  withAudit(
    context,
    { action: 'cache_clear_provider', dryRun, arguments: { providerId } },
    async (_rename, auditEventId) => {
      requireText(providerId, 'providerId')
      const provider = await context.loaders.providers.load(providerId)
      // The id of a row, and not the caller's text, goes to the gateway.
      const asked = provider ? ({ kind: 'provider', providerId: provider.id } as const) : undefined
      const cleared = await clearSelected(only('providerId', providerId), dryRun, context, {
        asked,
        auditEventId,
      })
      const name = provider?.displayName ?? `provider ${providerId}`
      return { ...cleared, what: 'affinity', which: `pinned to ${name}`, extra: { providerId, provider } }
    },
  )

/** Clears every affinity that a filter selects. */
export const clearAffinities = (
  { filter, dryRun }: DryRun & { readonly filter: AffinityFilter },
  context: Context,
): Promise<ClearAffinitiesPayload> => {
  const given = presentFields(filter)
  return withAudit(
    context,
    { action: 'cache_clear_filtered', dryRun, arguments: { filter: withoutSession(given) } },
    async (_rename, auditEventId) => {
      requireFilter(given)
      const selection = await filterSelection(given, context, true)
      const rejudge = rejudgeBy(given, context)
      const { globalModelId } = given
      const named = { ...selection.all, ...(globalModelId != null && { modelId: new Set([globalModelId]) }) }
      const cleared = await clearSelected(selection, dryRun, context, { rejudge, auditEventId }, named)
      const extra = { sparedCount: cleared.sparedCount }
      return { ...cleared, what: 'affinity', which: 'matching the filter', extra, result: extra }
    },
  )
}

/** Clears every affinity of every user. */
export const clearAllCache = (
  { confirm, dryRun }: DryRun & { readonly confirm: boolean },
  context: Context,
): Promise<ClearPayload> =>
  withAudit(
    context,
    { action: 'cache_clear_all', dryRun, arguments: { confirm } },
    async (_rename, auditEventId) => {
      requireConfirmation(confirm, dryRun, 'every affinity of every user')
      // To find every affinity a clear looks at every key of the cache.
      await context.payForRead(context.affinitySizes.records + context.scannedKeys())
      const options = { actorId: await actorOf(context), auditEventId }
      const cleared = await withWarnings({}, context, async () =>
        dryRun
          ? foreseen(await context.clearer.foreseeAll(options))
          : reported(await context.clearer.clearAll(options)),
      )
      return { ...cleared, what: 'affinity', which: 'of all users', extra: {} }
    },
  )

/** @throws ConfirmationRequiredError unless the caller confirmed or this is a dry run */
export function requireConfirmation(confirm: boolean, dryRun: boolean, what: string): void {
  if (confirm || dryRun) return
  throw new ConfirmationRequiredError(
    `This clears ${what}. Send confirm: true to go on, or dryRun: true to count first.`,
  )
}

/** @throws InvalidInputError if the value is blank: a blank selector must never select everything */
export function requireText(value: string, field: string): void {
  if (value.trim() === '') throw new InvalidInputError(`${field} must not be blank.`, field)
}

function requireFilter(filter: AffinityFilter): void {
  const fields = Object.entries(filter)
  if (fields.length === 0) {
    throw new InvalidInputError('The filter is empty. To clear everything use clearAllCache.', 'filter')
  }
  for (const [field, value] of fields) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one === 'string') requireText(one, `filter.${field}`)
    }
  }
}

interface Counted {
  readonly clearedCount: number
  /** Matched when they were chosen, and no longer when they came to be removed. */
  readonly sparedCount: number
  readonly aftermath: Aftermath
}

/** The administrator in whose name the gateway is called; null for a static token. */
const actorOf = async (context: Context): Promise<string | null> => (await context.viewer()).userId

async function clearSelected(
  selection: AffinitySelection,
  dryRun: boolean,
  context: Context,
  { asked, rejudge, auditEventId }: Pick<ClearOptions, 'asked' | 'rejudge' | 'auditEventId'>,
  named: NamedTargets = selection.all ?? {},
): Promise<Counted> {
  await context.pay(await context.affinities.count(selection))
  const records = await context.affinities.matching(selection)
  // Verdicts are asked about again by rows of that moment.
  const { where, ...byValue } = selection
  const isValueChosen = dependsOn(byValue, context.affinityStore.families.valueDimensions)
  const options = {
    asked,
    rejudge,
    actorId: await actorOf(context),
    auditEventId,
    isMeant: checkOf(byValue),
    ...(isValueChosen && { isSelected: checkOf(byValue) }),
  }
  return clearOrForesee(records, dryRun, context, options, named)
}

const clearOrForesee = (
  records: readonly AffinityRecord[],
  dryRun: boolean,
  context: Context,
  options: ClearOptions,
  named: NamedTargets = {},
): Promise<Counted> =>
  withWarnings(named, context, async () =>
    dryRun
      ? foreseen(await context.clearer.foresee(records, options))
      : reported(await context.clearer.clear(records, options)),
  )

/** Runs a clear, and beside it looks for what it does not achieve. */
async function withWarnings(
  named: NamedTargets,
  context: Context,
  run: () => Promise<Counted>,
): Promise<Counted> {
  const [counted, standing] = await Promise.all([run(), standingWarnings(named, context)])
  const { aftermath } = counted
  return { ...counted, aftermath: { ...aftermath, warnings: [...aftermath.warnings, ...standing] } }
}

const foreseen = ({ clearedCount, warnings }: ClearForecast): Counted => ({
  clearedCount,
  sparedCount: 0,
  aftermath: { warnings },
})

const reported = ({
  clearedCount,
  sparedCount,
  warnings,
  nodes,
  wroteApiKey,
  writtenBack,
}: ClearReport): Counted => ({
  clearedCount,
  sparedCount,
  aftermath: {
    warnings,
    nodes,
    writtenBack,
    ...(wroteApiKey !== null && { result: { wroteApiKeyName: wroteApiKey } }),
  },
})
