import { MultiSelect, Select, Stack } from '@mantine/core'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { failureKind } from '../../../api/errors.js'
import { FilterChoicesDocument } from '../../../generated/graphql.js'
import { useAnswer } from '../../../hooks/use-answer.js'
import { useFormat } from '../../../hooks/use-format.js'
import type { Filters } from '../address.js'
import { OFFERED_REASONS, STALE_REASONS, USABILITIES, type Use } from '../verdict.js'
import type { ViewControl } from '../view-state.js'
import {
  CHOICE_FIELDS,
  type Choice,
  type ChoiceField,
  type Choices,
  choicesOf,
  cutFields,
  MOST_CHOICES,
  NO_CHOICES,
} from './choices.js'
import { verdictWords } from './filter-words.js'

const USES: readonly Use[] = ['NOT_STALE', ...USABILITIES]
const ASKED = { first: MOST_CHOICES } as const

export function FilterForm({ control }: { readonly control: ViewControl }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { filters, use, reasons } = control.view
  const { data, loading, error } = useAnswer(FilterChoicesDocument, ASKED, { fetchPolicy: 'no-cache' })
  const choices = useMemo(() => (data ? choicesOf(data) : NO_CHOICES), [data])
  const cut = data ? cutFields(data) : []
  return (
    <Stack gap="xs">
      {CHOICE_FIELDS.filter((field) => isOffered(field, choices, filters)).map((field) => (
        <Select
          key={field}
          size="xs"
          label={t(`affinities.filters.${field}`)}
          placeholder={loading ? t('app.loading') : t('affinities.choose')}
          nothingFoundMessage={t('affinities.noChoices')}
          searchable
          clearable
          clearButtonProps={{
            'aria-label': t('affinities.removeFilter', { name: t(`affinities.filters.${field}`) }),
          }}
          limit={200}
          comboboxProps={{ withinPortal: false }}
          data={withCurrent(choices[field], filters[field])}
          value={filters[field] ?? null}
          onChange={(value) => control.setFilter(field, value)}
        />
      ))}
      <Select
        size="xs"
        label={t('affinities.filters.use')}
        placeholder={t('affinities.choose')}
        clearable
        clearButtonProps={{
          'aria-label': t('affinities.removeFilter', { name: t('affinities.filters.use') }),
        }}
        comboboxProps={{ withinPortal: false }}
        data={USES.map((value) => ({ value, label: verdictWords(t, value) }))}
        value={use}
        onChange={(value) => control.setUse(USES.find((known) => known === value) ?? null)}
      />
      <MultiSelect
        size="xs"
        label={t('affinities.filters.reasons')}
        placeholder={reasons.length === 0 ? t('affinities.choose') : ''}
        searchable
        clearable
        clearButtonProps={{
          'aria-label': t('affinities.removeFilter', { name: t('affinities.filters.reasons') }),
        }}
        comboboxProps={{ withinPortal: false, position: 'top' }}
        data={OFFERED_REASONS.map((value) => ({ value, label: t(`staleReasons.${value}`) }))}
        value={[...reasons]}
        onChange={(values) => control.setReasons(STALE_REASONS.filter((reason) => values.includes(reason)))}
      />
      {error !== undefined && <span className="warn">{t(`errors.${failureKind(error)}`)}</span>}
      {cut.length > 0 && (
        <span className="hint">
          {t('affinities.choicesCut', {
            most: format.number(MOST_CHOICES),
            fields: format.list(cut.map((field) => t(`affinities.filters.${field}`))),
          })}
        </span>
      )}
    </Stack>
  )
}

/** Only gateways with sessions tell kinds of clients. */
const isOffered = (field: ChoiceField, choices: Choices, filters: Filters) =>
  field !== 'clientFamily' || choices[field].length > 0 || filters[field] !== undefined

/** The filter of the address stays chosen even if no record matches it any more. */
function withCurrent(list: readonly Choice[], current: string | undefined) {
  const known = current === undefined || list.some(({ value }) => value === current)
  return known ? [...list] : [...list, { value: current, label: current }]
}
