import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useParams, useSearchParams } from 'react-router'
import { NotFound } from '../../app/NotFound.js'
import { AsOf } from '../../components/AsOf.js'
import { Failure, FailureNotice } from '../../components/Failure.js'
import { PageHead, Scroll } from '../../components/Page.js'
import { Panel } from '../../components/Panel.js'
import { CountsDocument } from '../../generated/graphql.js'
import { useAnswer } from '../../hooks/use-answer.js'
import { useFormat } from '../../hooks/use-format.js'
import { filterWords } from '../affinities/filter/filter-words.js'
import { UnreadableAddress } from '../affinities/UnreadableAddress.js'
import { useViewState, type ViewControl } from '../affinities/view-state.js'
import { GroupBars } from './GroupBars.js'
import { GROUPING_NAMES, GROUPINGS, type Grouping, isGrouping, selecting } from './groupings.js'
import './counts.css'

/** The API lists at most so many groups. */
const MOST = 1_000

/** The page counts the pins of a selection by one thing that they have in common, each group a link to its records. */
export function CountsPage() {
  const { by } = useParams()
  const control = useViewState()
  const { t } = useTranslation()
  if (!isGrouping(by)) return <NotFound />
  const title = t('counts.title', { by: t(`counts.by.${by}`) })
  return (
    <Scroll>
      <PageHead title={title} />
      {control.unreadable.length > 0 ? (
        <UnreadableAddress control={control} />
      ) : (
        <Counted grouping={by} title={title} control={control} />
      )}
    </Scroll>
  )
}

interface CountedProps {
  readonly grouping: Grouping
  readonly title: string
  readonly control: ViewControl
}

function Counted({ grouping, title, control }: CountedProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const [params] = useSearchParams()
  const { view, filter } = control
  const answer = useAnswer(
    CountsDocument,
    useMemo(
      () => ({
        by: GROUPINGS[grouping],
        filter,
        search: view.search === '' ? null : view.search,
        first: MOST,
      }),
      [grouping, filter, view.search],
    ),
    { fetchPolicy: 'no-cache' },
  )
  const counts = answer.data?.affinityCounts
  const words = [
    ...(view.search === '' ? [] : [t('counts.search', { text: view.search })]),
    ...(filter === null ? [] : filterWords(t, format, filter)),
  ]
  const selection = selecting(params)
  return (
    <>
      <nav className="counts-nav" aria-label={t('counts.groupings')}>
        {GROUPING_NAMES.map((name) => (
          <Link
            key={name}
            to={`/counts/${name}?${selection}`}
            aria-current={name === grouping ? 'page' : undefined}
          >
            {t(`counts.by.${name}`)}
          </Link>
        ))}
      </nav>
      <p className="hint">
        <Link to={`/affinities?${selection}`}>{words.length > 0 ? format.list(words) : t('counts.all')}</Link>{' '}
        <AsOf answer={answer} />
      </p>
      {counts && answer.error !== undefined && (
        <FailureNotice nameless error={answer.error} onRetry={answer.ask} />
      )}
      {!counts && answer.error !== undefined ? (
        <Failure error={answer.error} onRetry={answer.ask} />
      ) : (
        <Panel
          title={title}
          hint={
            counts &&
            t('overview.total', { count: counts.total, replace: { count: format.number(counts.total) } })
          }
          className="counts"
        >
          {counts && <GroupBars grouping={grouping} counts={counts} params={params} view={view} />}
          {counts && counts.groupCount > counts.groups.length && (
            <p className="hint">{t('counts.cut', { most: format.number(counts.groups.length) })}</p>
          )}
        </Panel>
      )}
    </>
  )
}
