import { Select } from '@mantine/core'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { CsvButton } from '../../components/CsvButton.js'
import { Message } from '../../components/Message.js'
import { Panel } from '../../components/Panel.js'
import { shownText } from '../../components/shown-text.js'
import { IntervalsDocument, type IntervalsQuery, SavedByDocument } from '../../generated/graphql.js'
import { useFormat } from '../../hooks/use-format.js'
import { MOST_GROUPS, type Times } from './address.js'
import { Brief } from './Brief.js'
import { placesOf, RULES } from './scatter.js'
import { UsagePart } from './UsagePart.js'
import { type SavingsControl, useUsage } from './use-savings.js'

/** A chart of this size has no room for more points. */
const MOST_POINTS = 2_000

/** The panel shows what a user's requests saved, and each pause between two of them. */
export function Intervals({
  control: { view, these, before, change },
}: {
  readonly control: SavingsControl
}) {
  const { t } = useTranslation()
  const { user } = view
  const [opened, setOpened] = useState(user !== null)
  const users = useUsage(SavedByDocument, { ...these, by: 'USER', first: MOST_GROUPS }, !opened)
  const answer = useUsage(
    IntervalsDocument,
    { ...these, userId: user ?? '', first: MOST_POINTS },
    user === null,
  )
  const choices = (users.data?.cacheUsage?.groups ?? []).flatMap(({ key, label }) =>
    key === null ? [] : [{ value: key, label: shownText(label) }],
  )
  const isListed = user === null || choices.some(({ value }) => value === user)
  return (
    <Panel title={t('savings.intervals.title')} hint={t('savings.intervals.hint')}>
      <Select
        className="user-choice"
        size="xs"
        aria-label={t('savings.by.user')}
        placeholder={t('savings.intervals.choose')}
        nothingFoundMessage={users.loading ? t('app.loading') : t('affinities.noChoices')}
        searchable
        clearable
        clearButtonProps={{ 'aria-label': t('affinities.removeFilter', { name: t('savings.by.user') }) }}
        limit={200}
        data={isListed ? choices : [...choices, { value: user, label: user }]}
        value={user}
        onDropdownOpen={() => setOpened(true)}
        onChange={(id) => change({ user: id })}
      />
      {user !== null && (
        <>
          <Brief filter={{ userId: user }} period={view.period} these={these} before={before} />
          <UsagePart answer={answer} data={answer.data?.requestIntervals} field="requestIntervals">
            {(intervals) =>
              intervals.points.length === 0 ? (
                <Message title={t('savings.intervals.empty')} hint={t('savings.intervals.emptyHint')} />
              ) : (
                <Scatter intervals={intervals} times={these} />
              )
            }
          </UsagePart>
        </>
      )}
    </Panel>
  )
}

interface ScatterProps {
  readonly intervals: NonNullable<IntervalsQuery['requestIntervals']>
  readonly times: Times
}

/** A point for each pause, at the request that ended it: one path, so that thousands cost one element. */
function Scatter({ intervals: { total, sampled, points }, times: { since, until } }: ScatterProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const { path, heightOf } = useMemo(() => placesOf(points, { since, until }), [points, since, until])
  const within = points.filter(({ minutes }) => minutes <= RULES[0]).length
  const shown = { shown: format.number(points.length), total: format.number(total) }
  return (
    <>
      <div className="scatter">
        <div className="scatter-scale dim" aria-hidden="true">
          {RULES.map((minutes) => (
            <span key={minutes} style={{ top: `${heightOf(minutes) / 10}%` }}>
              {t('savings.ttl.minutes', { value: format.number(minutes) })}
            </span>
          ))}
        </div>
        <svg
          role="img"
          viewBox="0 0 1000 1000"
          preserveAspectRatio="none"
          aria-label={t('savings.intervals.words', {
            count: total,
            replace: { count: format.number(total), share: format.percent(within / points.length) },
            share: '',
          })}
        >
          {RULES.map((minutes) => (
            <line key={minutes} x1="0" x2="1000" y1={heightOf(minutes)} y2={heightOf(minutes)} />
          ))}
          <path d={path} />
        </svg>
        <div className="scatter-marks dim" aria-hidden="true">
          <span>{format.shortTime(since)}</span>
          <span>{format.shortTime(until)}</span>
        </div>
      </div>
      <div className="table-foot">
        <span className="hint">
          {t(sampled ? 'savings.intervals.sampled' : 'savings.intervals.all', shown)}
        </span>
        <CsvButton
          what={t('savings.intervals.title')}
          name="request-intervals"
          rows={() => points.map(({ at, minutes, model }) => ({ at, minutes, model }))}
        />
      </div>
    </>
  )
}
