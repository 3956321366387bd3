import { IconTrash } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { type ClearTarget, openClear } from '../../clears/clear-store.js'
import { AsOf } from '../../components/AsOf.js'
import { CursorPager } from '../../components/CursorPager.js'
import { Failure, FailureNotice } from '../../components/Failure.js'
import { Message } from '../../components/Message.js'
import type { CursorPages } from '../../hooks/use-cursor-pages.js'
import { MAPPING_PAGE, type MappingPage } from './use-mapping-page.js'

export interface Column<Node> {
  readonly name: string
  readonly number?: boolean
  readonly cell: (node: Node) => ReactNode
}

interface MappingTableProps<Node> {
  readonly page: MappingPage<Node>
  readonly pages: CursorPages
  /** Refreshes the rest of the page together with the table. */
  readonly onRefresh: () => void
  readonly search: string
  readonly label: string
  readonly columns: readonly Column<Node>[]
  readonly keyOf: (node: Node) => string
}

/** The three tables of this page differ in their columns only. */
export function MappingTable<Node>({
  page,
  pages,
  onRefresh,
  search,
  label,
  columns,
  keyOf,
}: MappingTableProps<Node>) {
  const { t } = useTranslation()
  const { connection, answer } = page
  const { loading, error, ask } = answer
  if (!connection)
    return error ? <Failure error={error} onRetry={ask} /> : <div className="panel rows-expected" />
  const { nodes, totalCount, pageInfo } = connection
  return (
    <>
      {error !== undefined && <FailureNotice error={error} onRetry={ask} />}
      <AsOf
        answer={{
          ...answer,
          ask: () => {
            ask()
            onRefresh()
          },
        }}
      />
      <div className={`panel mapping-table ${loading ? 'busy' : ''}`} aria-busy={loading}>
        {nodes.length === 0 && pages.index > 0 ? (
          <Message title={t('common.beyond')} hint={t('common.beyondHint')} />
        ) : nodes.length === 0 ? (
          <Message
            title={t(search === '' ? 'mappings.empty' : 'mappings.emptySearch')}
            hint={t(search === '' ? 'mappings.emptyHint' : 'mappings.emptySearchHint')}
          />
        ) : (
          <table className="table stack" aria-label={label}>
            <thead>
              <tr>
                {columns.map(({ name, number }) => (
                  <th key={name} scope="col" className={number ? 'number' : ''}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {nodes.map((node) => (
                <tr key={keyOf(node)}>
                  {columns.map(({ name, number, cell }) => (
                    <td key={name} data-label={name} className={number ? 'number' : ''}>
                      {cell(node)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        )}
        <CursorPager
          pages={pages}
          pageSize={MAPPING_PAGE}
          shown={nodes.length}
          total={totalCount}
          next={pageInfo.hasNextPage ? pageInfo.endCursor : null}
        />
      </div>
    </>
  )
}

interface ClearOf {
  readonly target: ClearTarget
  readonly label: string
}

/** Returns the column with the clear button, or no column for a viewer who is not allowed to clear. */
export function useClearColumn<Node>(canClear: boolean, clearOf: (node: Node) => ClearOf): Column<Node>[] {
  const { t } = useTranslation()
  if (!canClear) return []
  const cell = (node: Node) => {
    const { target, label } = clearOf(node)
    return (
      <button
        type="button"
        className="copy"
        aria-label={label}
        title={label}
        onClick={() => openClear(target)}
      >
        <IconTrash size={15} stroke={1.6} />
      </button>
    )
  }
  return [{ name: t('common.actions'), number: true, cell }]
}
