import { NativeSelect, SegmentedControl } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Message } from '../../components/Message.js'
import { Panel } from '../../components/Panel.js'
import { SortTable } from '../../components/SortTable.js'
import { shownText } from '../../components/shown-text.js'
import { AdviceDocument, type AdviceQuery } from '../../generated/graphql.js'
import { useFormat } from '../../hooks/use-format.js'
import { MOST_GROUPS, TTL_GROUPING_NAMES, TTL_GROUPINGS, type TtlGrouping } from './address.js'
import { Columns } from './Columns.js'
import { GroupLink, groupName, useNumbers } from './groups.js'
import { UsagePart } from './UsagePart.js'
import { type SavingsControl, useUsage } from './use-savings.js'

type List = NonNullable<AdviceQuery['ttlAdvice']>
type Advised = List['groups'][number] & { readonly name: string }

/** The panel says how long pins should last: as long as pauses are, but not longer than the provider keeps its cache. */
export function Advice({ control: { view, these, change } }: { readonly control: SavingsControl }) {
  const { t } = useTranslation()
  const by = view.ttl
  const answer = useUsage(AdviceDocument, { ...these, by: TTL_GROUPINGS[by], first: MOST_GROUPS })
  return (
    <Panel title={t('savings.ttl.title')} hint={t('savings.ttl.hint')}>
      <SegmentedControl
        className="groupings"
        size="xs"
        mb="xs"
        aria-label={t('savings.groupings')}
        value={by}
        data={TTL_GROUPING_NAMES.map((value) => ({ value, label: t(`savings.by.${value}`) }))}
        onChange={(ttl) => change({ ttl })}
      />
      <UsagePart answer={answer} data={answer.data?.ttlAdvice} field="ttlAdvice">
        {(list) => (
          <>
            {list.ttlIsFixed && (
              <p className="notice" role="note">
                {t('savings.ttl.fixed')}
              </p>
            )}
            {list.groups.length === 0 ? (
              <Message title={t('savings.ttl.empty')} hint={t('savings.ttl.emptyHint')} />
            ) : (
              <Advices key={by} by={by} list={list} />
            )}
          </>
        )}
      </UsagePart>
    </Panel>
  )
}

function Advices({ by, list }: { readonly by: TtlGrouping; readonly list: List }) {
  const { t } = useTranslation()
  const [chosen, choose] = useState<string>()
  const rows: readonly Advised[] = list.groups.map((group) => ({ ...group, name: groupName(t, group) }))
  const shown = rows.find(({ key }) => key === chosen) ?? rows[0]
  return (
    <>
      <AdviceTable by={by} rows={rows} />
      {list.groupCount > rows.length && (
        <p className="hint">{t('savings.ttl.cut', { count: list.groupCount - rows.length })}</p>
      )}
      {shown && (
        <section className="histogram">
          <h3>{t('savings.ttl.histogram')}</h3>
          <NativeSelect
            className="histogram-choice"
            size="xs"
            aria-label={t('savings.ttl.histogramOf')}
            value={shown.key}
            data={rows.map(({ key, name }) => ({ value: key, label: shownText(name) }))}
            onChange={({ currentTarget }) => choose(currentTarget.value)}
          />
          <Histogram advised={shown} />
        </section>
      )}
    </>
  )
}

function AdviceTable({ by, rows }: { readonly by: TtlGrouping; readonly rows: readonly Advised[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  const numbers = useNumbers<Advised>()
  const minutes = (value: number) => t('savings.ttl.minutes', { value: format.decimal(value) })
  return (
    <SortTable
      label={t('savings.ttl.title')}
      rows={rows}
      keyOf={({ key }) => key}
      sortedBy={1}
      columns={[
        {
          name: t(`savings.by.${by}`),
          value: ({ name }) => name,
          cell: (row) => <GroupLink by={by} group={row} name={row.name} />,
        },
        numbers(t('savings.ttl.intervals'), ({ intervals }) => intervals, format.number),
        numbers(t('savings.ttl.half'), ({ p50Minutes }) => p50Minutes, minutes),
        numbers(t('savings.ttl.threeQuarters'), ({ p75Minutes }) => p75Minutes, minutes),
        numbers(t('savings.ttl.nineTenths'), ({ p90Minutes }) => p90Minutes, minutes),
        ...(by === 'provider-key'
          ? [numbers(t('savings.ttl.current'), ({ currentMinutes }) => currentMinutes, minutes)]
          : []),
        numbers(t('savings.ttl.gateway'), ({ gatewayMinutes }) => gatewayMinutes, minutes),
        {
          name: t('savings.ttl.advice'),
          number: true,
          value: ({ recommendedMinutes }) => recommendedMinutes,
          cell: ({ recommendedMinutes, currentMinutes }) =>
            recommendedMinutes === null ? (
              <span className="dim">{t('common.none')}</span>
            ) : (
              <strong
                className={currentMinutes !== null && currentMinutes !== recommendedMinutes ? 'warn' : ''}
              >
                {minutes(recommendedMinutes)}
              </strong>
            ),
        },
        {
          name: t('savings.ttl.why'),
          value: ({ reason }) => t(`savings.ttl.reasons.${reason}`),
          cell: ({ reason }) => t(`savings.ttl.reasons.${reason}`),
        },
      ]}
      csv={{ name: `ttl-advice-by-${by}`, cells: cellsOf }}
    />
  )
}

const cellsOf = (advised: Advised) => ({
  key: advised.key,
  label: advised.label,
  requests: advised.requests,
  intervals: advised.intervals,
  within5: advised.within5,
  within15: advised.within15,
  within30: advised.within30,
  within60: advised.within60,
  over60: advised.over60,
  p50Minutes: advised.p50Minutes,
  p75Minutes: advised.p75Minutes,
  p90Minutes: advised.p90Minutes,
  maxMinutes: advised.maxMinutes,
  gatewayMinutes: advised.gatewayMinutes,
  currentMinutes: advised.currentMinutes,
  recommendedMinutes: advised.recommendedMinutes,
  reason: advised.reason,
  ...Object.fromEntries(
    advised.options.flatMap(({ minutes, keptShare, readShare, neighbours }) => [
      [`keptShare${minutes}`, keptShare],
      [`readShare${minutes}`, readShare],
      [`neighbours${minutes}`, neighbours],
    ]),
  ),
})

/** How many pauses are so long, and what share of its input a request still read after one. */
function Histogram({ advised }: { readonly advised: Advised }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { within5, within15, within30, within60, over60, options, name } = advised
  const bands = [within5, within15, within30, within60, over60].map((count, at) => {
    const { minutes, readShare, neighbours } = options[at] ?? {}
    const from = options[at - 1]?.minutes ?? 0
    const band =
      minutes === undefined
        ? t('savings.ttl.over', { from: format.number(from) })
        : t('savings.ttl.band', { from: format.number(from), to: format.number(minutes) })
    const read =
      readShare == null
        ? ''
        : t('savings.ttl.stillReads', {
            share: format.percent(readShare),
            neighbours: format.number(neighbours ?? 0),
          })
    return { count, band, read }
  })
  return (
    <Columns
      label={t('savings.ttl.histogramWords', {
        name,
        bands: format.list(
          bands.map(({ count, band }) => t('common.pair', { name: band, value: format.number(count) })),
        ),
      })}
      columns={bands.map(({ count, band, read }) => ({
        id: band,
        value: count,
        words: [t('common.pair', { name: band, value: format.number(count) }), read].join('\n'),
      }))}
      words={format.number}
      marks={bands.map(({ band, read }) => (
        <>
          {band}
          <br />
          {read}
        </>
      ))}
    />
  )
}
