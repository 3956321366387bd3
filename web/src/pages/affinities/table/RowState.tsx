import { useTranslation } from 'react-i18next'
import type { AffinityRowFragment } from '../../../generated/graphql.js'
import { useFormat } from '../../../hooks/use-format.js'

interface RowStateProps {
  readonly gone: 'REMOVED' | 'EXPIRED' | null
  readonly record: Pick<AffinityRowFragment, 'usability' | 'staleReasons' | 'conditions'>
}

/** The cell says what the scheduler would do with the pin, and every reason. Only problems have a colour. */
export function RowState({ gone, record }: RowStateProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const { usability, staleReasons, conditions } = record
  if (gone)
    return (
      <span className="tag">{gone === 'REMOVED' ? t('affinities.removed') : t('affinities.expired')}</span>
    )
  // Null while PostgreSQL does not answer.
  if (usability === null) return <span className="dim">{t('common.unknown')}</span>
  if (usability === 'USABLE') return <span className="dim">{t('affinities.uses.USABLE')}</span>
  const isStale = usability === 'STALE'
  const why = isStale
    ? (staleReasons ?? []).map((reason) => t(`staleReasons.${reason}`))
    : (conditions ?? []).map((condition) => t(`conditions.${condition}`))
  return (
    <span className="state" title={format.list(why)}>
      <span className={`tag ${isStale ? 'warn' : 'accent'}`}>{t(`affinities.uses.${usability}`)}</span>
      <span className="truncate">{format.list(why)}</span>
      {/* However long the first reason is, one sees that there are more. */}
      {why.length > 1 && <span className="dim">({format.number(why.length)})</span>}
    </span>
  )
}
