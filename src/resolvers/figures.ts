/*
 * The figures of affinities as filters name them: times, counts, and the last use, which the record tells together with the
 * TTL in force.
 */

import { type AffinityRecord, lastUsedAt } from '../affinities/affinity-record.js'
import type { AffinitySelection, LastUse, Range } from '../affinities/affinity-selection.js'
import type { Context, Readers, SharedRead } from '../context.js'
import { InvalidInputError } from '../errors.js'
import type { ProviderKeyRow } from '../gateway/rows.js'
import { type MaybePromise, whenKnown } from '../util/promises.js'

/** The fields of a filter that depend on figures. Times are exclusive, counts inclusive. */
export interface FigureFilter {
  readonly createdBefore?: Date | null | undefined
  readonly createdAfter?: Date | null | undefined
  readonly expiresBefore?: Date | null | undefined
  readonly expiresAfter?: Date | null | undefined
  readonly requestCountMin?: number | null | undefined
  readonly requestCountMax?: number | null | undefined
  readonly unusedForSeconds?: number | null | undefined
}

/** Converts the fields but `unusedForSeconds` to ranges. Contradictory ones select nothing. */
export function rangesOf(filter: FigureFilter): NonNullable<AffinitySelection['ranges']> {
  const { createdAfter, createdBefore, expiresAfter, expiresBefore, requestCountMin, requestCountMax } =
    filter
  const createdAt = range(after(createdAfter, secondsShownFrom), before(createdBefore, secondsShownFrom))
  const expiresAt = range(after(expiresAfter, secondsRoundedTo), before(expiresBefore, secondsRoundedTo))
  const most = requestCountMax == null ? undefined : requestCountMax + 1
  const requestCount = range(requestCountMin ?? undefined, most)
  return {
    ...(createdAt && { createdAt }),
    ...(expiresAt && { expiresAt }),
    ...(requestCount && { requestCount }),
  }
}

type ToSeconds = (milliseconds: number) => number

const after = (time: Date | null | undefined, toSeconds: ToSeconds) =>
  time == null ? undefined : toSeconds(time.getTime() + 1)

const before = (time: Date | null | undefined, toSeconds: ToSeconds) =>
  time == null ? undefined : toSeconds(time.getTime())

const range = (from: number | undefined, below: number | undefined): Range | undefined =>
  from === undefined && below === undefined
    ? undefined
    : { ...(from !== undefined && { from }), ...(below !== undefined && { below }) }

/** The cache's own times have whole milliseconds: half of one lies between two of them. */
const secondsRoundedTo: ToSeconds = (milliseconds) => (milliseconds - 0.5) / 1_000

/**
 * Returns the first number of seconds that is shown as this millisecond or a later one. A time is shown without the fraction
 * of its millisecond, so that a quotient alone may be a last bit too small or too large.
 */
export function secondsShownFrom(milliseconds: number): number {
  let seconds = milliseconds / 1_000
  while (Math.trunc(seconds * 1_000) < milliseconds) seconds = neighbour(seconds, 1)
  for (;;) {
    const smaller = neighbour(seconds, -1)
    if (Math.trunc(smaller * 1_000) < milliseconds) return seconds
    seconds = smaller
  }
}

const bits = new DataView(new ArrayBuffer(8))

/** Returns the next larger or smaller number; of 0 or less the number itself, since no record has a time before 1970. */
function neighbour(value: number, step: 1 | -1): number {
  if (value <= 0) return step > 0 ? Number.MIN_VALUE : Number.NEGATIVE_INFINITY
  bits.setFloat64(0, value)
  bits.setBigInt64(0, bits.getBigInt64(0) + BigInt(step))
  return bits.getFloat64(0)
}

/** Returns how long the pin was not used, as the record is now, in milliseconds of what is shown. */
export const lastUse = (record: AffinityRecord, context: Context): MaybePromise<Date> => {
  const { affinityStore, gatewayFigures, loaders } = context
  const fixed = affinityStore.families.ttlSecondsOf(record.family)
  if (fixed !== undefined) return new Date(lastUsedAt(record, fixed) * 1_000)
  return whenKnown(
    loaders.providerKeys.load(record.providerKeyId),
    (key) => new Date(lastUsedAt(record, ttlOf(key, gatewayFigures.affinityTtlSeconds)) * 1_000),
  )
}

const ttlOf = (key: ProviderKeyRow | null | undefined, defaultSeconds: number): number =>
  key ? key.cacheTtlMinutes * 60 : defaultSeconds

/** @throws InvalidInputError if the number is negative */
function readUnused(seconds: number): number {
  if (seconds >= 0) return seconds
  throw new InvalidInputError(
    `unusedForSeconds must be 0 or more; it was ${seconds}.`,
    'filter.unusedForSeconds',
  )
}

/** Makes a check whether a record was not used for so long until now; for a stream, which has a new now for each record. */
export function unusedCheck(
  { unusedForSeconds }: FigureFilter,
  context: Context,
): ((record: AffinityRecord) => MaybePromise<boolean>) | undefined {
  if (unusedForSeconds == null) return undefined
  const seconds = readUnused(unusedForSeconds)
  return (record) =>
    whenKnown(
      lastUse(record, context),
      (used) => used.getTime() <= Math.trunc(context.cacheNow() * 1_000) - seconds * 1_000,
    )
}

/** Converts `unusedForSeconds` to a condition on the last use until now. */
export async function lastUseCondition(unusedForSeconds: number, context: Context): Promise<LastUse> {
  const seconds = readUnused(unusedForSeconds)
  const { affinityStore, cacheNow, gatewayFigures } = context
  const { ttls, readers } = await context.shared(ttlRead(context))
  context.adopt(readers)
  await context.turns.next()
  return {
    before: secondsShownFrom(Math.trunc(cacheNow() * 1_000) - seconds * 1_000 + 1),
    ttlSeconds: (family, providerKeyId) =>
      affinityStore.families.ttlSecondsOf(family) ??
      ttls.get(providerKeyId) ??
      gatewayFigures.affinityTtlSeconds,
  }
}

/** The read of the TTL of each provider key in use. */
const ttlRead = ({
  affinitySizes,
  gatewayFigures,
}: Context): SharedRead<{ readonly ttls: ReadonlyMap<string, number>; readonly readers: Readers }> => ({
  question: 'TTLs',
  size: () => affinitySizes.values('providerKeyId'),
  async run(readers) {
    const ids: string[] = []
    const inUse = await readers.affinities.distinct('providerKeyId')
    inUse.forEach((id) => {
      ids.push(id)
    })
    const keys = await Promise.all(ids.map(async (id) => readers.loaders.providerKeys.load(id)))
    const ttls = new Map(
      ids.map((id, index) => [id, ttlOf(keys[index], gatewayFigures.affinityTtlSeconds)] as const),
    )
    return { ttls, readers }
  },
})
