import { useTranslation } from 'react-i18next'
import { SortHead } from '../../../components/SortHead.js'
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

const SORTED = { ASC: 'ascending', DESC: 'descending' } as const

export function HeaderRow({
  sort,
  onSort,
  canClear,
  allSelected,
  someSelected,
  onSelectAll,
}: HeaderRowProps) {
  const { t } = useTranslation()
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
      {COLUMNS.map(({ field, className }) => {
        const name = t(`affinities.columns.${COLUMN_OF[field]}`)
        return (
          <SortHead
            key={field}
            name={name}
            className={className}
            sorted={sort.field === field ? SORTED[sort.direction] : 'none'}
            onSort={() => onSort(field)}
          >
            <span className="truncate">{name}</span>
          </SortHead>
        )
      })}
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
