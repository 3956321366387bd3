import { SegmentedControl } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Message } from '../../components/Message.js'
import { Panel } from '../../components/Panel.js'
import { type SortColumn, SortTable } from '../../components/SortTable.js'
import { type CacheSumsFragment, SavedByDocument, type SavedByQuery } from '../../generated/graphql.js'
import { useFormat } from '../../hooks/use-format.js'
import { GROUPING_NAMES, GROUPINGS } from './address.js'
import { GroupLink, groupName, type NamedGroup } from './groups.js'
import { UsagePart } from './UsagePart.js'
import { type SavingsControl, useUsage } from './use-savings.js'

const MOST = 1_000

interface Row extends NamedGroup {
  readonly name: string
  readonly figures: CacheSumsFragment
  readonly isRest: boolean
}

/** The table says what each provider's, model's or user's requests read from the cache, and what that saved. */
export function HitRates({ control: { view, these, change } }: { readonly control: SavingsControl }) {
  const { t } = useTranslation()
  const answer = useUsage(SavedByDocument, { ...these, by: GROUPINGS[view.by], first: MOST })
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
  const rows: readonly Row[] = usage.groups.map((group) => ({
    ...group,
    name: groupName(t, group),
    isRest: false,
  }))
  const others = usage.groupCount - rows.length
  const rest: Row | undefined =
    others > 0
      ? {
          key: null,
          label: '',
          name: t('counts.others', { count: others }),
          figures: usage.others,
          isRest: true,
        }
      : undefined
  const numbers = (
    name: string,
    value: (figures: CacheSumsFragment) => number | null,
    words: (value: number) => string,
  ): SortColumn<Row> => ({
    name,
    number: true,
    value: ({ figures }) => value(figures),
    cell: ({ figures }) => {
      const number = value(figures)
      return number === null ? <span className="dim">{t('common.noData')}</span> : words(number)
    },
  })
  if (rows.length === 0) return <Message title={t('savings.empty')} hint={t('savings.emptyHint')} />
  return (
    <SortTable
      label={label}
      rows={rows}
      rest={rest}
      keyOf={({ key, isRest }) => (isRest ? ' others' : (key ?? ' none'))}
      sortedBy={6}
      columns={[
        {
          name: t(`savings.by.${by}`),
          value: ({ name }) => name,
          cell: (row) => <GroupLink by={by} group={row} name={row.name} />,
        },
        numbers(t('savings.requests'), ({ requests }) => requests, format.number),
        numbers(t('savings.requestHitRate'), ({ requestHitRate }) => requestHitRate, format.percent),
        numbers(t('savings.tokenHitRate'), ({ tokenHitRate }) => tokenHitRate, format.percent),
        numbers(t('savings.saved'), ({ savedUsd }) => savedUsd, format.money),
        numbers(t('savings.premium'), ({ creationPremiumUsd }) => creationPremiumUsd, format.money),
        numbers(t('savings.net'), ({ netSavedUsd }) => netSavedUsd, format.money),
        numbers(t('savings.unpriced'), ({ unpricedRequests }) => unpricedRequests, format.number),
      ]}
      csv={{
        name: `hit-rates-by-${by}`,
        cells: ({ key, name, label: words, isRest, figures }) => ({
          key,
          label: isRest ? name : words,
          ...sumsOf(figures),
        }),
      }}
    />
  )
}

const sumsOf = (figures: CacheSumsFragment) => ({
  requests: figures.requests,
  requestsWithCacheRead: figures.requestsWithCacheRead,
  uncachedInputTokens: figures.uncachedInputTokens,
  cacheReadTokens: figures.cacheReadTokens,
  cacheCreationTokens: figures.cacheCreationTokens,
  requestHitRate: figures.requestHitRate,
  tokenHitRate: figures.tokenHitRate,
  cacheReadCostUsd: figures.cacheReadCostUsd,
  cacheCreationCostUsd: figures.cacheCreationCostUsd,
  savedUsd: figures.savedUsd,
  creationPremiumUsd: figures.creationPremiumUsd,
  netSavedUsd: figures.netSavedUsd,
  actualNetSavedUsd: figures.actualNetSavedUsd,
  unpricedRequests: figures.unpricedRequests,
})
