import { Button, CloseButton } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { shownText } from '../../../components/shown-text.js'
import { useFormat } from '../../../hooks/use-format.js'
import { FILTER_FIELDS } from '../address.js'
import type { Matched as MatchedBy } from '../selection-filter.js'
import type { ViewControl } from '../view-state.js'
import { FilterMenu } from './FilterMenu.js'
import { createdWords, fieldWords, reasonWords, verdictWords } from './filter-words.js'
import { PhoneSort } from './PhoneSort.js'

interface FilterBarProps {
  readonly control: ViewControl
  readonly matched: MatchedBy | null
}

interface ChipProps {
  readonly words: string
  readonly title?: string
  readonly onRemove: () => void
}

/** The bar shows each active filter with a button to remove it. */
export function FilterBar({ control, matched }: FilterBarProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const { filters, use, reasons, createdAfter } = control.view
  const chips: readonly ChipProps[] = [
    ...FILTER_FIELDS.flatMap((field) => {
      const value = filters[field]
      return value === undefined
        ? []
        : [
            {
              words: fieldWords(t, field, value),
              title: value,
              onRemove: () => control.setFilter(field, null),
            },
          ]
    }),
    ...(use === null ? [] : [{ words: verdictWords(t, use), onRemove: () => control.setUse(null) }]),
    ...(reasons.length === 0
      ? []
      : [{ words: reasonWords(t, format, reasons), onRemove: () => control.setReasons([]) }]),
    ...(createdAfter === null
      ? []
      : [{ words: createdWords(t, format, createdAfter), onRemove: control.anyCreation }]),
  ]
  return (
    <div className="filter-bar">
      <FilterMenu control={control} />
      {chips.map((chip) => (
        <Chip key={chip.words} {...chip} />
      ))}
      {chips.length > 1 && (
        <Button size="compact-xs" variant="subtle" onClick={control.clearFilters}>
          {t('affinities.clearFilters')}
        </Button>
      )}
      <PhoneSort control={control} />
      {control.view.search !== '' && <Matched matched={matched} />}
    </div>
  )
}

function Chip({ words, title = words, onRemove }: ChipProps) {
  const { t } = useTranslation()
  return (
    <span className="chip" title={shownText(title)}>
      <span className="truncate">{words}</span>
      <CloseButton size={16} aria-label={t('affinities.removeFilter', { name: words })} onClick={onRemove} />
    </span>
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
