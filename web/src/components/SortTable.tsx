import { Button, NativeSelect } from '@mantine/core'
import { type ReactNode, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormat } from '../hooks/use-format.js'
import { CsvButton } from './CsvButton.js'
import type { CsvCells } from './csv.js'
import { type SortDirection, SortHead } from './SortHead.js'

export interface SortColumn<Row> {
  readonly name: string
  readonly number?: boolean
  /** What rows are sorted by. A value that is null comes last. */
  readonly value: (row: Row) => string | number | null
  readonly cell: (row: Row) => ReactNode
}

interface SortTableProps<Row> {
  readonly label: string
  readonly columns: readonly SortColumn<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
  /** The place of the column that sorts at first, the largest first. */
  readonly sortedBy: number
  /** Stands below all others, however they are sorted. */
  readonly rest?: Row | undefined
  /** The columns have the API's names in every language, because scripts read them. */
  readonly csv: { readonly name: string; readonly cells: (row: Row) => CsvCells }
}

/** So many rows are shown at first. */
const SHOWN = 12
const ARROWS: Readonly<Record<SortDirection, string>> = { descending: '↓', ascending: '↑' }

interface Order {
  readonly column: number
  readonly direction: SortDirection
}

/** A table that holds all of its rows: it sorts by any column and saves them as CSV. */
export function SortTable<Row>({ label, columns, rows, keyOf, sortedBy, rest, csv }: SortTableProps<Row>) {
  const { t } = useTranslation()
  const format = useFormat()
  const [order, setOrder] = useState<Order>({ column: sortedBy, direction: 'descending' })
  const [all, setAll] = useState(false)
  const value = columns[order.column]?.value
  const sorted = useMemo(
    () => (value ? [...rows].sort(comparing(value, order.direction)) : rows),
    [rows, value, order.direction],
  )
  const shown = all ? sorted : sorted.slice(0, SHOWN)
  const withRest = rest === undefined ? shown : [...shown, rest]
  return (
    <>
      <NativeSelect
        className="phone-sort"
        size="xs"
        aria-label={t('affinities.sort')}
        value={`${order.column} ${order.direction}`}
        data={columns.flatMap(({ name }, column) =>
          (['descending', 'ascending'] as const).map((direction) => ({
            value: `${column} ${direction}`,
            label: `${name} ${ARROWS[direction]}`,
          })),
        )}
        onChange={({ currentTarget }) => {
          const [column, direction] = currentTarget.value.split(' ')
          setOrder({
            column: Number(column),
            direction: direction === 'ascending' ? 'ascending' : 'descending',
          })
        }}
      />
      <table className="table stack" aria-label={label}>
        <thead>
          <tr>
            {columns.map(({ name, number }, column) => {
              const sorted = order.column === column ? order.direction : 'none'
              return (
                <SortHead
                  key={name}
                  name={name}
                  className={number ? 'number' : ''}
                  sorted={sorted}
                  onSort={() =>
                    setOrder({ column, direction: sorted === 'descending' ? 'ascending' : 'descending' })
                  }
                >
                  {name}
                </SortHead>
              )
            })}
          </tr>
        </thead>
        <tbody>
          {withRest.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ name, number, cell }) => (
                <td key={name} data-label={name} className={number ? 'number' : ''}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <div className="table-foot">
        {sorted.length > SHOWN && (
          <Button size="compact-xs" variant="subtle" onClick={() => setAll(!all)}>
            {all
              ? t('common.showLess')
              : t('common.showAll', {
                  count: sorted.length,
                  replace: { count: format.number(sorted.length) },
                })}
          </Button>
        )}
        <CsvButton
          what={label}
          name={csv.name}
          rows={() => [...sorted, ...(rest === undefined ? [] : [rest])].map(csv.cells)}
        />
      </div>
    </>
  )
}

const comparing =
  <Row,>(value: SortColumn<Row>['value'], direction: SortDirection) =>
  (a: Row, b: Row): number => {
    const [first, second] = [value(a), value(b)]
    if (first === null || second === null) return Number(first === null) - Number(second === null)
    const compared =
      typeof first === 'number' && typeof second === 'number'
        ? first - second
        : String(first).localeCompare(String(second))
    return direction === 'ascending' ? compared : -compared
  }
