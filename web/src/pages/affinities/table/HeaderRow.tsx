import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Sort, SortField } from '../address.js'

interface HeaderRowProps {
  readonly sort: Sort
  readonly onSort: (field: SortField) => void
  readonly canClear: boolean
  readonly allSelected: boolean
  readonly someSelected: boolean
  readonly onSelectAll: () => void
}

const PLAIN = [
  { className: 'c-user', name: 'user' },
  { className: 'c-key', name: 'apiKey' },
  { className: 'c-format', name: 'format' },
  { className: 'c-model', name: 'model' },
  { className: 'c-provider', name: 'provider' },
  { className: 'c-pkey', name: 'providerKey' },
] as const

export function HeaderRow({
  sort,
  onSort,
  canClear,
  allSelected,
  someSelected,
  onSelectAll,
}: HeaderRowProps) {
  const { t } = useTranslation()
  const sortable = (field: SortField, name: 'requests' | 'created' | 'ttl', className: string) => {
    const on = sort.field === field
    const direction = sort.direction === 'ASC' ? 'ascending' : 'descending'
    const label = t(`affinities.columns.${name}`)
    return (
      <th scope="col" className={`${className} number`} aria-sort={on ? direction : 'none'}>
        <button
          type="button"
          className="sort"
          onClick={() => onSort(field)}
          title={t('affinities.sortBy', { column: label })}
        >
          {on && (sort.direction === 'ASC' ? <IconArrowUp size={13} /> : <IconArrowDown size={13} />)}
          {label}
        </button>
      </th>
    )
  }
  return (
    <tr aria-rowindex={1}>
      {canClear && (
        <th scope="col" className="c-select">
          <input
            type="checkbox"
            checked={allSelected}
            ref={(box) => {
              if (box) box.indeterminate = someSelected && !allSelected
            }}
            aria-label={t('affinities.selectAll')}
            onChange={onSelectAll}
          />
        </th>
      )}
      {PLAIN.map(({ className, name }) => (
        <th key={name} scope="col" className={className}>
          {t(`affinities.columns.${name}`)}
        </th>
      ))}
      {sortable('REQUEST_COUNT', 'requests', 'c-requests')}
      {sortable('CREATED_AT', 'created', 'c-created')}
      {sortable('EXPIRES_AT', 'ttl', 'c-ttl')}
      <th scope="col" className="c-state">
        {t('affinities.columns.state')}
      </th>
      {canClear && (
        <th scope="col" className="c-menu">
          <span className="visually-hidden">{t('common.actions')}</span>
        </th>
      )}
    </tr>
  )
}
