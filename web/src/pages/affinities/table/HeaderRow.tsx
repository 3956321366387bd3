import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Sort, SortField } from '../address.js'
import { COLUMN_OF } from './columns.js'

interface HeaderRowProps {
  readonly sort: Sort
  readonly onSort: (field: SortField) => void
  readonly canClear: boolean
  readonly allSelected: boolean
  readonly someSelected: boolean
  readonly onSelectAll: () => void
}

const COLUMNS = [
  { className: 'c-user', field: 'USER' },
  { className: 'c-key', field: 'API_KEY' },
  { className: 'c-format', field: 'API_FORMAT' },
  { className: 'c-model', field: 'MODEL' },
  { className: 'c-provider', field: 'PROVIDER' },
  { className: 'c-pkey', field: 'PROVIDER_KEY' },
  { className: 'c-requests number', field: 'REQUEST_COUNT' },
  { className: 'c-created number', field: 'CREATED_AT' },
  { className: 'c-ttl number', field: 'EXPIRES_AT' },
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
  const sortable = (field: SortField, className: string) => {
    const on = sort.field === field
    const direction = sort.direction === 'ASC' ? 'ascending' : 'descending'
    const label = t(`affinities.columns.${COLUMN_OF[field]}`)
    return (
      <th key={field} scope="col" className={className} aria-sort={on ? direction : 'none'}>
        <button
          type="button"
          className="sort"
          onClick={() => onSort(field)}
          title={t('affinities.sortBy', { column: label })}
        >
          {on && (sort.direction === 'ASC' ? <IconArrowUp size={13} /> : <IconArrowDown size={13} />)}
          <span className="truncate">{label}</span>
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
      {COLUMNS.map(({ field, className }) => sortable(field, className))}
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
