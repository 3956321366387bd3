import { useTranslation } from 'react-i18next'
import { Name } from '../../components/Name.js'
import { Ttl } from '../../components/Time.js'
import { UnmappedEntriesDocument, type UnmappedEntriesQuery } from '../../generated/graphql.js'
import { useCursorPages } from '../../hooks/use-cursor-pages.js'
import { MappingTable, useClearColumn } from './MappingTable.js'
import { useMappingPage } from './use-mapping-page.js'

interface UnmappedTableProps {
  readonly canClear: boolean
  readonly onRefresh: () => void
}

/** The table shows names without a model: a client has a typing error, or nobody has set the model up. */
export function UnmappedTable({ canClear, onRefresh }: UnmappedTableProps) {
  const { t } = useTranslation()
  const pages = useCursorPages('')
  const page = useMappingPage(
    UnmappedEntriesDocument,
    { after: pages.after },
    (data: UnmappedEntriesQuery) => data.unmappedEntries,
  )
  const clearColumn = useClearColumn(
    canClear,
    ({ mappingName: name }: UnmappedEntriesQuery['unmappedEntries']['nodes'][number]) => ({
      target: { kind: 'mappingName', name },
      label: t('clears.mappingName', { name }),
    }),
  )
  return (
    <>
      <p className="hint" style={{ marginTop: 0 }}>
        {t('mappings.unmappedHint')}
      </p>
      <MappingTable
        page={page}
        onRefresh={onRefresh}
        pages={pages}
        search=""
        label={t('mappings.tabUnmapped')}
        keyOf={({ mappingName }) => mappingName}
        columns={[
          {
            name: t('mappings.requested'),
            cell: ({ mappingName }) => (
              <span className="mono">
                <Name of={mappingName} />
              </span>
            ),
          },
          {
            name: t('mappings.status'),
            cell: ({ status }) => (
              <span className={status === 'NOT_FOUND' ? 'tag' : 'tag bad'}>
                {t(`mappings.unmapped.${status}`)}
              </span>
            ),
          },
          {
            name: t('mappings.ttl'),
            number: true,
            cell: ({ ttlSeconds }) => <Ttl seconds={ttlSeconds} readAt={page.answer.readAt} />,
          },
          ...clearColumn,
        ]}
      />
    </>
  )
}
