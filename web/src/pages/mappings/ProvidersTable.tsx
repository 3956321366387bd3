import { useTranslation } from 'react-i18next'
import { Name } from '../../components/Name.js'
import { Ttl } from '../../components/Time.js'
import { ProviderModelMappingsDocument, type ProviderModelMappingsQuery } from '../../generated/graphql.js'
import { useCursorPages } from '../../hooks/use-cursor-pages.js'
import { useFormat } from '../../hooks/use-format.js'
import { MappingTable, useClearColumn } from './MappingTable.js'
import { useMappingPage } from './use-mapping-page.js'

interface ProvidersTableProps {
  readonly search: string
  readonly canClear: boolean
  readonly onRefresh: () => void
}

/** The table shows the name of a model at each provider. */
export function ProvidersTable({ search, canClear, onRefresh }: ProvidersTableProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const pages = useCursorPages(search)
  const page = useMappingPage(
    ProviderModelMappingsDocument,
    { after: pages.after, search: search === '' ? null : search },
    (data: ProviderModelMappingsQuery) => data.providerModelMappings,
  )
  const clearColumn = useClearColumn(
    canClear,
    ({
      providerId,
      globalModelId,
      providerName,
      globalModelName,
    }: ProviderModelMappingsQuery['providerModelMappings']['nodes'][number]) => {
      const name = `${providerName} · ${globalModelName}`
      return {
        target: { kind: 'providerMapping', providerId, globalModelId, name },
        label: t('clears.mappingProvider', { name }),
      }
    },
  )
  return (
    <MappingTable
      page={page}
      onRefresh={onRefresh}
      pages={pages}
      search={search}
      label={t('mappings.tabProviders')}
      keyOf={({ providerId, globalModelId }) => `${providerId}:${globalModelId}`}
      columns={[
        {
          name: t('mappings.provider'),
          cell: ({ providerName, isActive }) => (
            <>
              <Name of={providerName} />{' '}
              {!isActive && <span className="tag warn">{t('common.inactive')}</span>}
            </>
          ),
        },
        {
          name: t('mappings.globalModel'),
          cell: ({ globalModelDisplayName, globalModelName }) => (
            <Name of={globalModelDisplayName ?? globalModelName} />
          ),
        },
        {
          name: t('mappings.providerModel'),
          cell: ({ providerModelName }) => (
            <span className="mono">
              <Name of={providerModelName} />
            </span>
          ),
        },
        {
          name: t('mappings.aliases'),
          cell: ({ aliases }) => (
            <span className="mono dim">
              <Name of={aliases.join(', ') || '—'} />
            </span>
          ),
        },
        { name: t('mappings.hits'), number: true, cell: ({ hitCount }) => format.number(hitCount) },
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
