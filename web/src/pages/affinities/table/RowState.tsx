import { useTranslation } from 'react-i18next'
import type { StaleReason } from '../../../generated/graphql.js'
import { useFormat } from '../../../hooks/use-format.js'

interface RowStateProps {
  readonly gone: 'REMOVED' | 'EXPIRED' | null
  /** Null while PostgreSQL does not answer. */
  readonly reasons: readonly StaleReason[] | null
}

/** The cell marks only problems, so that they stand out. */
export function RowState({ gone, reasons }: RowStateProps) {
  const { t } = useTranslation()
  const format = useFormat()
  if (gone)
    return (
      <span className="tag">{gone === 'REMOVED' ? t('affinities.removed') : t('affinities.expired')}</span>
    )
  if (reasons === null) return <span className="dim">{t('common.unknown')}</span>
  const [first, ...more] = reasons
  if (first === undefined) return <span className="dim">{t('affinities.ok')}</span>
  const words = format.list(reasons.map((reason) => t(`staleReasons.${reason}`)))
  return (
    <span className="state" title={words}>
      <span className="tag warn truncate">{t(`staleReasons.${first}`)}</span>
      {more.length > 0 && ` +${more.length}`}
    </span>
  )
}
