import { SegmentedControl, Select, Stack } from '@mantine/core'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { failureKind } from '../../../api/errors.js'
import { FilterChoicesDocument, type FilterChoicesQuery } from '../../../generated/graphql.js'
import { useAnswer } from '../../../hooks/use-answer.js'
import { useFormat } from '../../../hooks/use-format.js'
import { rememberName } from '../names.js'
import type { FilterField, ViewControl } from '../view-state.js'

type Choices = Readonly<Record<ChoiceField, readonly { value: string; label: string }[]>>

const CHOICE_FIELDS = ['providerId', 'providerKeyId', 'modelId', 'apiFormat'] as const
type ChoiceField = (typeof CHOICE_FIELDS)[number]

export function FilterForm({ control }: { readonly control: ViewControl }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { filters } = control.view
  const { data, loading, error } = useAnswer(FilterChoicesDocument, {})
  const nodes = data?.affinities.nodes
  const choices = useMemo(() => choicesOf(nodes ?? []), [nodes])
  return (
    <Stack gap="xs">
      {CHOICE_FIELDS.map((field) => (
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
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label={t('affinities.columns.state')}
        value={filters.stale ?? ''}
        data={[
          { value: '', label: t('common.all') },
          { value: 'false', label: t('affinities.usableOnly') },
          { value: 'true', label: t('affinities.staleOnly') },
        ]}
        onChange={(value) => control.setFilter('stale', value === '' ? null : value)}
      />
      {error !== undefined && <span className="warn">{t(`errors.${failureKind(error)}`)}</span>}
      {nodes && (
        <span className="hint">
          {t('affinities.choicesFrom', {
            count: nodes.length,
            replace: { count: format.number(nodes.length) },
          })}
        </span>
      )}
    </Stack>
  )
}

function choicesOf(nodes: FilterChoicesQuery['affinities']['nodes']): Choices {
  const found = Object.fromEntries(CHOICE_FIELDS.map((field) => [field, new Map<string, string>()]))
  const add = (field: ChoiceField, id: string, name: string | null | undefined) => {
    found[field]?.set(id, name ?? id)
    if (name && field !== 'apiFormat') rememberName(field satisfies FilterField, id, name)
  }
  for (const { apiFormat, modelId, modelName, providerId, providerKeyId, provider, providerKey } of nodes) {
    add('apiFormat', apiFormat, apiFormat)
    add('modelId', modelId, modelName)
    add('providerId', providerId, provider?.displayName)
    add('providerKeyId', providerKeyId, providerKey?.name)
  }
  const list = (field: ChoiceField) =>
    [...(found[field] ?? [])]
      .map(([value, label]) => ({ value, label }))
      .sort((a, b) => a.label.localeCompare(b.label))
  return {
    providerId: list('providerId'),
    providerKeyId: list('providerKeyId'),
    modelId: list('modelId'),
    apiFormat: list('apiFormat'),
  }
}

/** What the address names stays chosen even where no record of it is left. */
function withCurrent(list: Choices[ChoiceField], current: string | undefined) {
  const known = current === undefined || list.some(({ value }) => value === current)
  return known ? [...list] : [...list, { value: current, label: current }]
}
