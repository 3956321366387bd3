import { type ChangesPage, LISTED_TYPES, type ListedChange } from '../affinities/affinity-changes.js'
import type { Context } from '../context.js'
import { InvalidInputError } from '../errors.js'
import {
  decodePosition,
  encodePosition,
  type KeysetPage,
  type PageArguments,
  queryFingerprint,
  readFirst,
} from './paging.js'

export interface ChangesArguments extends PageArguments {
  readonly types?: readonly string[] | null | undefined
  readonly since?: Date | null | undefined
  readonly providerId?: string | null | undefined
  readonly providerKeyId?: string | null | undefined
  readonly affinityKey?: string | null | undefined
  readonly userId?: string | null | undefined
}

export interface AffinityChange extends ListedChange {
  readonly id: string
}

export interface AffinityChangesPage extends KeysetPage<AffinityChange> {
  readonly knownSince: Date
}

/** Lists the latest switches, removals and clears that this instance has seen, newest first. */
export async function affinityChanges(
  { first, after, types, since, ...named }: ChangesArguments,
  context: Context,
): Promise<AffinityChangesPage> {
  const wanted = readFirst(first)
  requireListed(types)
  const { providerId, providerKeyId, affinityKey, userId } = named
  const fingerprint = queryFingerprint([
    'affinityChanges',
    types ?? null,
    since?.getTime() ?? null,
    ...[providerId, providerKeyId, affinityKey, userId].map((value) => value ?? null),
  ])
  const position = after == null ? undefined : decodePosition(fingerprint, after, isPosition)
  const { runId } = context.changes
  if (position && position[0] !== runId) {
    throw new InvalidInputError(
      'after is a cursor of another instance of this service, or of before its restart: begin without it.',
      'after',
    )
  }
  const affinityKeys = await keysOf(affinityKey, userId, context)
  const page: ChangesPage = context.changes.page({
    first: wanted,
    ...(types && { types: new Set(types) }),
    ...(since && { since: since.getTime() }),
    ...(providerId != null && { providerId }),
    ...(providerKeyId != null && { providerKeyId }),
    ...(affinityKeys && { affinityKeys }),
    ...(position && { before: position[1] }),
  })
  const items = page.changes.map((change) => ({ ...change, id: `${runId}:${change.number}` }))
  return {
    items: () => items,
    totalCount: () => page.totalCount,
    hasNextPage: () => page.hasNextPage,
    hasPreviousPage: () => page.hasPreviousPage,
    cursorOf: ({ number }) => encodePosition(fingerprint, [runId, number]),
    knownSince: page.knownSince,
  }
}

const LISTED: ReadonlySet<string> = new Set(LISTED_TYPES)

function requireListed(types: readonly string[] | null | undefined): void {
  const other = types?.find((type) => !LISTED.has(type))
  if (other === undefined) return
  throw new InvalidInputError(
    `types may name ${LISTED_TYPES.join(' and ')}; ${other} is counted by affinityHistory, and not listed.`,
    'types',
  )
}

/** Returns the API keys of which changes are asked for; undefined for all. */
async function keysOf(
  affinityKey: string | null | undefined,
  userId: string | null | undefined,
  { loaders }: Context,
): Promise<ReadonlySet<string> | undefined> {
  if (userId == null) return affinityKey == null ? undefined : new Set([affinityKey])
  const keys = (await loaders.apiKeys.byUser.load(userId)) ?? []
  const ids = keys.map(({ id }) => id)
  return new Set(affinityKey == null ? ids : ids.filter((id) => id === affinityKey))
}

const isPosition = (parts: readonly unknown[]): parts is [runId: string, number: number] =>
  parts.length === 2 && typeof parts[0] === 'string' && Number.isSafeInteger(parts[1]) && Number(parts[1]) > 0
