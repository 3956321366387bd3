import { useTranslation } from 'react-i18next'
import { Bars } from '../../components/Bars.js'
import { Panel } from '../../components/Panel.js'
import type { ModelMappingStatsQuery } from '../../generated/graphql.js'
import { useFormat } from '../../hooks/use-format.js'

const FAMILIES = [
  'globalModelResolve',
  'globalModelByName',
  'globalModelById',
  'modelByProviderGlobal',
  'modelById',
] as const

interface MappingBreakdownProps {
  readonly stats: ModelMappingStatsQuery['modelMappingStats'] | undefined
}

export function MappingBreakdown({ stats }: MappingBreakdownProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const total =
    stats &&
    t('mappings.breakdownTotal', { count: stats.totalKeys, formatted: format.number(stats.totalKeys) })
  const ttl =
    stats?.ttlSeconds == null ? null : t('mappings.ttlOf', { seconds: format.number(stats.ttlSeconds) })
  return (
    <Panel
      title={t('mappings.breakdown')}
      hint={[total, ttl].filter(Boolean).join(' · ')}
      className="mapping-breakdown"
    >
      {stats && !stats.available ? (
        <p className="warn">
          {t('mappings.unavailable')}{' '}
          <span className="dim" lang="en">
            {stats.message}
          </span>
        </p>
      ) : (
        <Bars
          bars={FAMILIES.map((family) => ({
            id: family,
            name: t(`mappings.families.${family}`),
            count: stats?.breakdown[family],
          }))}
        />
      )}
    </Panel>
  )
}
