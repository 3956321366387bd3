import { Button, CloseButton } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { nameOf } from '../names.js'
import type { Matched as MatchedBy } from '../selection-filter.js'
import { FILTER_FIELDS, type FilterField, type ViewControl } from '../view-state.js'
import { FilterMenu } from './FilterMenu.js'
import { PhoneSort } from './PhoneSort.js'

interface FilterBarProps {
  readonly control: ViewControl
  readonly matched: MatchedBy | null
}

/** The bar shows each active filter with a button to remove it. */
export function FilterBar({ control, matched }: FilterBarProps) {
  const { t } = useTranslation()
  const { filters } = control.view
  const set = FILTER_FIELDS.flatMap((field) => {
    const value = filters[field]
    return value === undefined ? [] : [{ field, value }]
  })
  const words = (field: FilterField, value: string) => {
    if (field === 'stale') return t(value === 'true' ? 'affinities.staleOnly' : 'affinities.usableOnly')
    return t('common.pair', { name: t(`affinities.filters.${field}`), value: nameOf(field, value) })
  }
  return (
    <div className="filter-bar">
      <FilterMenu control={control} />
      {set.map(({ field, value }) => (
        <span key={field} className="chip" title={field === 'stale' ? undefined : value}>
          <span className="truncate">{words(field, value)}</span>
          <CloseButton
            size={16}
            aria-label={t('affinities.removeFilter', { name: words(field, value) })}
            onClick={() => control.setFilter(field, null)}
          />
        </span>
      ))}
      {set.length > 1 && (
        <Button size="compact-xs" variant="subtle" onClick={control.clearFilters}>
          {t('affinities.clearFilters')}
        </Button>
      )}
      <PhoneSort control={control} />
      {control.view.search !== '' && <Matched matched={matched} />}
    </div>
  )
}

function Matched({ matched }: Pick<FilterBarProps, 'matched'>) {
  const { t } = useTranslation()
  if (matched?.matchedApiKey) {
    const { name, id } = matched.matchedApiKey
    return <span className="hint">{t('affinities.matchedApiKey', { name: name ?? id })}</span>
  }
  if (!matched?.matchedUser) return null
  return <span className="hint">{t('affinities.matchedUser', { name: matched.matchedUser.username })}</span>
}
