import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Name } from '../../components/Name.js'
import type { SortColumn } from '../../components/SortTable.js'
import type { CacheSumsFragment } from '../../generated/graphql.js'
import type { Grouping } from './address.js'

export interface NamedGroup {
  readonly key: string | null
  readonly label: string
  readonly providerKey?: { readonly provider: { readonly displayName: string } | null } | null
}

/** The name of a group as it sorts: two providers may have keys of one name. */
export const groupName = (t: TFunction, { key, label, providerKey }: NamedGroup): string =>
  key === null
    ? t('savings.without')
    : providerKey?.provider
      ? `${providerKey.provider.displayName} · ${label}`
      : label

export interface GroupRow<Figures> extends NamedGroup {
  readonly name: string
  readonly figures: Figures
  /** The row stands for all groups that are not listed. */
  readonly isRest: boolean
}

interface Groups<Figures> {
  readonly groupCount: number
  readonly groups: readonly (NamedGroup & { readonly figures: Figures })[]
  readonly others: Figures
}

/** The rows of the groups that are listed, and one for all others. */
export function rowsOf<Figures>(t: TFunction, { groupCount, groups, others }: Groups<Figures>) {
  const rows = groups.map(
    (group): GroupRow<Figures> => ({ ...group, name: groupName(t, group), isRest: false }),
  )
  const count = groupCount - rows.length
  const name = t('counts.others', { count })
  const rest: GroupRow<Figures> = { key: null, label: name, name, figures: others, isRest: true }
  return { rows, rest: count > 0 ? rest : undefined }
}

export const keyOfRow = ({ key, isRest }: GroupRow<unknown>): string =>
  isRest ? ' others' : (key ?? ' none')

/** The column that names each group and leads to its pins. */
export const nameColumn = (name: string, by: Grouping): SortColumn<GroupRow<unknown>> => ({
  name,
  value: (row) => row.name,
  cell: (row) => <GroupLink by={by} group={row} name={row.name} />,
})

/** Makes columns of numbers that may be unknown. */
export function useNumbers<Row>() {
  const { t } = useTranslation()
  return (
    name: string,
    value: (row: Row) => number | null,
    words: (value: number) => string,
  ): SortColumn<Row> => ({
    name,
    number: true,
    value,
    cell: (row) => {
      const number = value(row)
      return number === null ? <span className="dim">{t('common.noData')}</span> : words(number)
    },
  })
}

interface GroupLinkProps {
  readonly by: Grouping
  readonly group: NamedGroup
  readonly name: string
}

/** Leads to the group's pins. */
export function GroupLink({ by, group: { key }, name }: GroupLinkProps) {
  if (key === null) return <Name of={name} />
  return (
    <Link to={`/affinities?${new URLSearchParams({ [by]: key })}`}>
      <Name of={name} />
    </Link>
  )
}

/** The figures as columns of a file. */
export const sumsOf = (figures: CacheSumsFragment) => ({
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
