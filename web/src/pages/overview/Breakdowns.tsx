import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Bars } from '../../components/Bars.js'
import { Failure, FailureNotice } from '../../components/Failure.js'
import { Message } from '../../components/Message.js'
import { Name } from '../../components/Name.js'
import { Panel } from '../../components/Panel.js'
import { shownText } from '../../components/shown-text.js'
import { useFormat } from '../../hooks/use-format.js'
import { type Slice, useBreakdown } from './use-breakdown.js'

const PARTS = [
  { part: 'byProvider', param: 'provider' },
  { part: 'byModel', param: 'model' },
  { part: 'byFormat', param: 'format' },
  { part: 'byClient', param: 'client' },
] as const

export function Breakdowns() {
  const { t } = useTranslation()
  const format = useFormat()
  const { breakdown, error, ask } = useBreakdown()
  return (
    <Panel
      title={t('overview.by')}
      hint={
        breakdown &&
        t('overview.total', { count: breakdown.total, replace: { count: format.number(breakdown.total) } })
      }
      className="breakdowns"
    >
      {error !== undefined && breakdown && <FailureNotice nameless error={error} onRetry={ask} />}
      {error !== undefined && !breakdown ? (
        <Failure error={error} onRetry={ask} />
      ) : breakdown?.total === 0 ? (
        <Message title={t('overview.empty')} hint={t('overview.emptyHint')} />
      ) : (
        <div className="thirds">
          {PARTS.filter(({ part }) => part !== 'byClient' || (breakdown?.byClient.length ?? 0) > 0).map(
            ({ part, param }) => (
              <section key={part}>
                <h3>{t(`overview.${part}`)}</h3>
                {breakdown && <Slices slices={breakdown[part]} total={breakdown.total} param={param} />}
              </section>
            ),
          )}
        </div>
      )}
    </Panel>
  )
}

interface SlicesProps {
  readonly slices: readonly Slice[]
  readonly total: number
  readonly param: string
}

function Slices({ slices, total, param }: SlicesProps) {
  const { t } = useTranslation()
  const others = total - slices.reduce((sum, { count }) => sum + count, 0)
  const bars = slices.map(({ id, name, count }) => ({
    id,
    count,
    name: (
      <Link to={`/affinities?${param}=${encodeURIComponent(id)}`} title={shownText(name)}>
        <Name of={name} />
      </Link>
    ),
  }))
  return (
    <Bars
      bars={
        others > 0 ? [...bars, { id: ' others', name: t('overview.other'), count: others, rest: true }] : bars
      }
    />
  )
}
