import { SegmentedControl } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Panel } from '../../components/Panel.js'
import { SortTable } from '../../components/SortTable.js'
import { type CacheSumsFragment, SavedByDocument, type SavedByQuery } from '../../generated/graphql.js'
import { useFormat } from '../../hooks/use-format.js'
import { GROUPING_NAMES, GROUPINGS, MOST_GROUPS } from './address.js'
import { type GroupRow, keyOfRow, nameColumn, rowsOf, sumsOf, useNumbers } from './groups.js'
import { UsagePart } from './UsagePart.js'
import { type SavingsControl, useUsage } from './use-savings.js'

type Row = GroupRow<CacheSumsFragment>

/** The table says what each provider's, model's or user's requests read from the cache, and what that saved. */
export function HitRates({ control: { view, these, change } }: { readonly control: SavingsControl }) {
  const { t } = useTranslation()
  const answer = useUsage(SavedByDocument, { ...these, by: GROUPINGS[view.by], first: MOST_GROUPS })
  const title = t('savings.hitRates')
  return (
    <Panel title={title} hint={t('savings.hitRatesHint')}>
      <SegmentedControl
        className="groupings"
        size="xs"
        mb="xs"
        aria-label={t('savings.groupings')}
        value={view.by}
        data={GROUPING_NAMES.map((value) => ({ value, label: t(`savings.by.${value}`) }))}
        onChange={(by) => change({ by })}
      />
      <UsagePart answer={answer} data={answer.data?.cacheUsage} field="cacheUsage">
        {(usage) => <HitRateTable key={view.by} by={view.by} label={title} usage={usage} />}
      </UsagePart>
    </Panel>
  )
}

interface HitRateTableProps {
  readonly by: SavingsControl['view']['by']
  readonly label: string
  readonly usage: NonNullable<SavedByQuery['cacheUsage']>
}

function HitRateTable({ by, label, usage }: HitRateTableProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const numbers = useNumbers<Row>()
  const { rows, rest } = rowsOf(t, usage)
  return (
    <SortTable
      label={label}
      rows={rows}
      rest={rest}
      keyOf={keyOfRow}
      sortedBy={6}
      columns={[
        nameColumn(t(`savings.by.${by}`), by),
        numbers(t('savings.requests'), ({ figures }) => figures.requests, format.number),
        numbers(t('savings.requestHitRate'), ({ figures }) => figures.requestHitRate, format.percent),
        numbers(t('savings.tokenHitRate'), ({ figures }) => figures.tokenHitRate, format.percent),
        numbers(t('savings.saved'), ({ figures }) => figures.savedUsd, format.money),
        numbers(t('savings.premium'), ({ figures }) => figures.creationPremiumUsd, format.money),
        numbers(t('savings.net'), ({ figures }) => figures.netSavedUsd, format.money),
        numbers(t('savings.unpriced'), ({ figures }) => figures.unpricedRequests, format.number),
      ]}
      csv={{
        name: `hit-rates-by-${by}`,
        cells: ({ key, label: words, figures }) => ({ key, label: words, ...sumsOf(figures) }),
      }}
    />
  )
}
