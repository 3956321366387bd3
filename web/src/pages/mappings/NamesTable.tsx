import { Fragment } from 'react'
import { useTranslation } from 'react-i18next'
import { Name } from '../../components/Name.js'
import { Ttl } from '../../components/Time.js'
import { ModelMappingsDocument, type ModelMappingsQuery } from '../../generated/graphql.js'
import { useCursorPages } from '../../hooks/use-cursor-pages.js'
import { MappingTable, useClearColumn } from './MappingTable.js'
import { useMappingPage } from './use-mapping-page.js'

interface NamesTableProps {
  readonly search: string
  readonly canClear: boolean
  readonly onRefresh: () => void
}

/** The table shows which global model a requested name resolves to, and which providers serve it. */
export function NamesTable({ search, canClear, onRefresh }: NamesTableProps) {
  const { t } = useTranslation()
  const pages = useCursorPages(search)
  const page = useMappingPage(
    ModelMappingsDocument,
    { after: pages.after, search: search === '' ? null : search },
    (data: ModelMappingsQuery) => data.modelMappings,
  )
  const clearColumn = useClearColumn(
    canClear,
    ({ mappingName: name }: ModelMappingsQuery['modelMappings']['nodes'][number]) => ({
      target: { kind: 'mappingName', name },
      label: t('clears.mappingName', { name }),
    }),
  )
  return (
    <MappingTable
      page={page}
      onRefresh={onRefresh}
      pages={pages}
      search={search}
      label={t('mappings.tabMappings')}
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
          name: t('mappings.resolvesTo'),
          cell: ({ globalModelDisplayName, globalModelName }) => (
            <span>
              <Name of={globalModelDisplayName ?? globalModelName ?? t('common.unknown')} />{' '}
              {globalModelName !== null && globalModelName !== globalModelDisplayName && (
                <span className="mono dim">
                  <Name of={globalModelName} />
                </span>
              )}
            </span>
          ),
        },
        {
          name: t('mappings.providers'),
          cell: ({ providers }) =>
            providers.length === 0 ? (
              <span className="tag warn">{t('mappings.noProvider')}</span>
            ) : (
              <span>
                {providers.map(({ id, displayName }, index) => (
                  <Fragment key={id}>
                    {index > 0 && ', '}
                    <Name of={displayName} />
                  </Fragment>
                ))}
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
  )
}
