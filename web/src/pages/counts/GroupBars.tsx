import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { type Bar, Bars } from '../../components/Bars.js'
import { Name } from '../../components/Name.js'
import { shownText } from '../../components/shown-text.js'
import type { SpreadFragment } from '../../generated/graphql.js'
import type { ViewState } from '../affinities/address.js'
import { toldApart } from '../affinities/names.js'
import { STALE_REASONS, USABILITIES } from '../affinities/verdict.js'
import { type Grouping, groupAddress, selecting } from './groupings.js'

interface GroupBarsProps {
  readonly grouping: Grouping
  readonly counts: SpreadFragment
  /** What is counted, as an address says it. */
  readonly params: URLSearchParams
  readonly view: Pick<ViewState, 'reasons'>
}

/** A bar for each group, which leads to its records, and one for all others, which leads to their own bars. */
export function GroupBars({ grouping, counts, params, view }: GroupBarsProps) {
  const { t } = useTranslation()
  const { groups, others, groupCount, ungrouped } = counts
  const labels = toldApart(groups)
  const bars: Bar[] = groups.map(({ key, count }, index) => {
    const name = groupName(t, grouping, key, labels[index] ?? key)
    const to = groupAddress(grouping, key, params, view)
    return {
      id: key,
      count,
      name: to === null ? <Name of={name} /> : <LinkTo to={to} name={name} />,
    }
  })
  if (others > 0) {
    const name = t('counts.others', { count: groupCount - groups.length })
    const to = `/counts/${grouping}?${selecting(params)}`
    bars.push({ id: ' others', name: <LinkTo to={to} name={name} />, count: others, rest: true })
  }
  if (ungrouped > 0) bars.push({ id: ' none', name: t(withoutGroup(grouping)), count: ungrouped, rest: true })
  return <Bars bars={bars} />
}

function LinkTo({ to, name }: { readonly to: string; readonly name: string }) {
  return (
    <Link to={to} title={shownText(name)}>
      <Name of={name} />
    </Link>
  )
}

/** The catalogue has the words of verdicts and reasons; all other names are data. */
function groupName(t: TFunction, grouping: Grouping, key: string, label: string): string {
  const reason = grouping === 'reason' ? STALE_REASONS.find((known) => known === key) : undefined
  if (reason !== undefined) return t(`staleReasons.${reason}`)
  const use = grouping === 'usability' ? USABILITIES.find((known) => known === key) : undefined
  return use === undefined ? label : t(`affinities.uses.${use}`)
}

const withoutGroup = (grouping: Grouping) =>
  grouping === 'reason'
    ? 'affinities.uses.NOT_STALE'
    : grouping === 'user'
      ? 'counts.withoutUser'
      : 'counts.without'
