import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

export type SortDirection = 'ascending' | 'descending'

interface SortHeadProps {
  readonly name: string
  readonly className: string
  readonly sorted: SortDirection | 'none'
  readonly onSort: () => void
  /** The name as it is shown. */
  readonly children: ReactNode
}

/** The head of a column by which a table sorts. */
export function SortHead({ name, className, sorted, onSort, children }: SortHeadProps) {
  const { t } = useTranslation()
  return (
    <th scope="col" className={className} aria-sort={sorted}>
      <button
        type="button"
        className="sort"
        title={t('affinities.sortBy', { column: name })}
        onClick={onSort}
      >
        {sorted !== 'none' &&
          (sorted === 'ascending' ? <IconArrowUp size={13} /> : <IconArrowDown size={13} />)}
        {children}
      </button>
    </th>
  )
}
