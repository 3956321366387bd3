import { useTranslation } from 'react-i18next'
import type { AffinityRowFragment } from '../../../generated/graphql.js'
import { useFormat } from '../../../hooks/use-format.js'
import type { Gone } from '../live/live-page.js'

interface RowStateProps {
  readonly gone: Gone | null
  readonly record: Pick<AffinityRowFragment, 'usability' | 'staleReasons' | 'conditions'>
}

const GONE = {
  REMOVED: 'affinities.removed',
  EXPIRED: 'affinities.expired',
  LEFT: 'affinities.left',
} as const satisfies Record<Gone, string>

/** The cell says what the scheduler would do with the pin, and every reason. Only problems have a colour. */
export function RowState({ gone, record }: RowStateProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const { usability, staleReasons, conditions } = record
  if (gone) return <span className="tag">{t(GONE[gone])}</span>
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
