import { Button, Tabs } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { openClear } from '../../clears/clear-store.js'
import { FailureNotice } from '../../components/Failure.js'
import { PageHead, Scroll } from '../../components/Page.js'
import { SearchField } from '../../components/SearchField.js'
import { ModelMappingStatsDocument } from '../../generated/graphql.js'
import { useAnswer } from '../../hooks/use-answer.js'
import { useCanClear } from '../../session/use-session.js'
import { MappingBreakdown } from './MappingBreakdown.js'
import { NamesTable } from './NamesTable.js'
import { ProvidersTable } from './ProvidersTable.js'
import { UnmappedTable } from './UnmappedTable.js'
import './mappings.css'

const TABS = { names: 'tabMappings', providers: 'tabProviders', unmapped: 'tabUnmapped' } as const
type Tab = keyof typeof TABS
const TAB_NAMES = Object.keys(TABS) as Tab[]

export function MappingsPage() {
  const { t } = useTranslation()
  const canClear = useCanClear()
  const [params, setParams] = useSearchParams()
  const tab = TAB_NAMES.find((name) => name === params.get('tab')) ?? 'names'
  const search = params.get('q') ?? ''
  const { data, error, ask } = useAnswer(ModelMappingStatsDocument, {})

  const set = (values: Readonly<Record<string, string>>, replace: boolean) =>
    setParams(
      Object.fromEntries(Object.entries({ tab, q: search, ...values }).filter(([, value]) => value !== '')),
      {
        replace,
      },
    )
  return (
    <Scroll>
      <PageHead title={t('mappings.title')}>
        {tab !== 'unmapped' && (
          <SearchField
            key={tab}
            value={search}
            placeholder={t(tab === 'names' ? 'mappings.searchNames' : 'mappings.searchProviders')}
            onSearch={(q) => set({ q }, true)}
          />
        )}
        <span>
          {canClear && (
            <Button size="xs" variant="default" onClick={() => openClear({ kind: 'mappingsAll' })}>
              {t('clears.mappingsAll')}…
            </Button>
          )}
        </span>
      </PageHead>
      {error !== undefined && <FailureNotice error={error} onRetry={ask} />}
      <MappingBreakdown stats={data?.modelMappingStats} />
      <Tabs
        value={tab}
        onChange={(next) => set({ tab: next ?? 'names', q: '' }, false)}
        keepMounted={false}
        mt="sm"
      >
        <Tabs.List>
          {TAB_NAMES.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {t(`mappings.${TABS[name]}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="names" pt="sm">
          <NamesTable search={search} canClear={canClear} onRefresh={ask} />
        </Tabs.Panel>
        <Tabs.Panel value="providers" pt="sm">
          <ProvidersTable search={search} canClear={canClear} onRefresh={ask} />
        </Tabs.Panel>
        <Tabs.Panel value="unmapped" pt="sm">
          <UnmappedTable canClear={canClear} onRefresh={ask} />
        </Tabs.Panel>
      </Tabs>
    </Scroll>
  )
}
