import { useMediaQuery } from '@mantine/hooks'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useDeferredValue, useEffect, useMemo, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { PageLoad } from '../use-page.js'
import { useRowIds } from '../use-page.js'
import type { Selection } from '../use-selection.js'
import type { ViewControl } from '../view-state.js'
import { AffinityRow } from './AffinityRow.js'
import { HeaderRow } from './HeaderRow.js'
import { nameWidths } from './name-widths.js'
import { useRowKeys } from './use-row-keys.js'
import './table.css'

/** Pixels; the same as in table.css. */
const ROW_HEIGHT = { desk: 33, phone: 116 } as const

interface AffinityTableProps {
  readonly load: PageLoad
  readonly control: ViewControl
  readonly selection: Selection
  readonly canClear: boolean
}

/** The table draws only the visible rows and a few around them (windowing). */
export function AffinityTable({ load, control, selection, canClear }: AffinityTableProps) {
  const { t } = useTranslation()
  const { page } = load
  const { view, sortBy, openRecord } = control
  const now = useRowIds(page)
  const before = useDeferredValue(now)
  // The first rows cost most, since their code has never run: they are drawn in slices that a key press can interrupt.
  const ids = before.length === 0 ? before : now
  const scroller = useRef<HTMLDivElement>(null)
  const phone = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false })
  const rowHeight = phone ? ROW_HEIGHT.phone : ROW_HEIGHT.desk
  const virtualizer = useVirtualizer({
    count: ids.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollPaddingStart: ROW_HEIGHT.desk,
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows of another height are measured anew
  useEffect(() => virtualizer.measure(), [rowHeight, virtualizer])
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page begins at its top
  useEffect(() => {
    scroller.current?.scrollTo({ top: 0 })
  }, [view.page, view.size, view.search, view.filters])
  const active = useRowKeys(ids, {
    onOpen: openRecord,
    onToggle: canClear ? selection.toggle : () => {},
    show: (index) => virtualizer.scrollToIndex(index),
  })

  // biome-ignore lint/correctness/useExhaustiveDependencies: widths stay as they are while names change in place
  const widths = useMemo(() => nameWidths(page.records()), [page, ids])

  const items = virtualizer.getVirtualItems()
  const above = items[0]?.start ?? 0
  const below = virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0)
  const columns = canClear ? 12 : 10
  const allSelected = ids.length > 0 && selection.ids.size >= ids.length
  return (
    <section
      ref={scroller}
      className={`rows ${load.loading ? 'busy' : ''}`}
      aria-label={t('affinities.title')}
      aria-busy={load.loading}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
      tabIndex={0}
    >
      <table
        className="affinities"
        style={widths}
        aria-rowcount={ids.length + 1}
        aria-label={t('affinities.table', { count: ids.length })}
      >
        <thead>
          <HeaderRow
            sort={view.sort}
            onSort={sortBy}
            canClear={canClear}
            allSelected={allSelected}
            someSelected={selection.ids.size > 0}
            onSelectAll={() => (allSelected ? selection.none() : selection.all(ids))}
          />
        </thead>
        <tbody>
          <Spacer height={above} columns={columns} />
          {items.map(({ index }) => {
            const id = ids[index]
            return (
              id !== undefined && (
                <AffinityRow
                  key={id}
                  page={page}
                  id={id}
                  index={index}
                  selected={selection.ids.has(id)}
                  active={index === active}
                  canClear={canClear}
                  onToggle={selection.toggle}
                  onOpen={openRecord}
                />
              )
            )
          })}
          <Spacer height={below} columns={columns} />
        </tbody>
      </table>
    </section>
  )
}

function Spacer({ height, columns }: { readonly height: number; readonly columns: number }) {
  if (height <= 0) return null
  return (
    <tr className="spacer">
      <td colSpan={columns} style={{ height }} />
    </tr>
  )
}
