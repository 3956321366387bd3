import type { TFunction } from 'i18next'
import { Link } from 'react-router'
import { Name } from '../../components/Name.js'
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
