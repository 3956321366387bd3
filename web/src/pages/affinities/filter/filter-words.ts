import type { TFunction } from 'i18next'
import type { AffinityFilter, StaleReason } from '../../../generated/graphql.js'
import type { Format } from '../../../hooks/use-format.js'
import { FILTER_FIELDS, type FilterField } from '../address.js'
import { nameOf } from '../names.js'
import type { Use } from '../verdict.js'

/** `Provider: Anthropic`, by the name that some page has shown. */
export const fieldWords = (t: TFunction, field: FilterField, value: string): string =>
  t('common.pair', { name: t(`affinities.filters.${field}`), value: nameOf(field, value) })

export const verdictWords = (t: TFunction, use: Use): string => t(`affinities.uses.${use}`)

/** `stale because of circuit breaker open or provider inactive`: one of the reasons is enough. */
export const reasonWords = (t: TFunction, format: Format, reasons: readonly StaleReason[]): string =>
  t('affinities.staleFor', { reasons: format.either(reasons.map((reason) => t(`staleReasons.${reason}`))) })

export const createdWords = (t: TFunction, format: Format, after: string): string =>
  t('affinities.createdAfter', { time: format.dateTime(after) })

/** Returns every condition of a filter in words, all of which hold for what it selects. */
export function filterWords(t: TFunction, format: Format, filter: AffinityFilter): readonly string[] {
  const { stale, usability, staleReasons, createdAfter } = filter
  const use = usability ?? (stale == null ? null : stale ? 'STALE' : 'NOT_STALE')
  return [
    ...FILTER_FIELDS.flatMap((field) =>
      filter[field] == null ? [] : [fieldWords(t, field, String(filter[field]))],
    ),
    ...(use === null ? [] : [verdictWords(t, use)]),
    ...(staleReasons == null || staleReasons.length === 0 ? [] : [reasonWords(t, format, staleReasons)]),
    ...(createdAfter == null ? [] : [createdWords(t, format, createdAfter)]),
  ]
}
