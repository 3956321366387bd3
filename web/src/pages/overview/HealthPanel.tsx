import { useTranslation } from 'react-i18next'
import { connectivity } from '../../api/connectivity.js'
import { Panel } from '../../components/Panel.js'
import type { StatsFragment } from '../../generated/graphql.js'
import { useStore } from '../../hooks/store.js'
import { useFormat } from '../../hooks/use-format.js'
import { useHealth } from './use-health.js'

export function HealthPanel({ stats }: { readonly stats: StatsFragment | undefined }) {
  const { t } = useTranslation()
  const format = useFormat()
  const health = useHealth()
  const { lostAt } = useStore(connectivity)
  const status = lostAt === null ? health?.status : undefined
  const named = (name: string) => (name === 'database' || name === 'cache' ? t(`overview.${name}`) : name)
  return (
    <Panel title={t('overview.health')}>
      <dl className="facts">
        <dt>{t('overview.service')}</dt>
        <dd>
          {status === undefined ? (
            <State tone="dim" words={t('common.unknown')} />
          ) : (
            <State tone={status === 'ready' ? 'good' : 'bad'} words={t(`overview.${status}`)} />
          )}
        </dd>
        {Object.entries(health?.dependencies ?? {}).map(([name, { state, latencyMs }]) => (
          <div key={name} style={{ display: 'contents' }}>
            <dt>{named(name)}</dt>
            <dd>
              <State tone={state === 'up' ? 'good' : 'bad'} words={t(`overview.${state}`)} />{' '}
              {latencyMs !== undefined && (
                <span className="dim">{t('overview.latency', { ms: format.decimal(latencyMs) })}</span>
              )}
            </dd>
          </div>
        ))}
        {health?.gateways && (
          <>
            <dt>{t('overview.gateways')}</dt>
            <dd>
              <State
                tone={health.gateways.down === 0 ? 'good' : 'bad'}
                words={t('overview.gatewaysUp', {
                  up: format.number(health.gateways.up),
                  down: format.number(health.gateways.down),
                })}
              />
            </dd>
          </>
        )}
        {health?.brokenRecords !== undefined && (
          <>
            <dt>{t('overview.broken')}</dt>
            <dd>
              <span className={health.brokenRecords > 0 ? 'warn' : ''}>
                {format.number(health.brokenRecords)}
              </span>
              {health.brokenRecords > 0 && <div className="hint">{t('overview.brokenHint')}</div>}
            </dd>
          </>
        )}
        {stats && (
          <>
            <dt>{t('overview.storage')}</dt>
            <dd className="mono">{stats.storageType}</dd>
          </>
        )}
      </dl>
    </Panel>
  )
}

function State({ tone, words }: { readonly tone: 'good' | 'bad' | 'dim'; readonly words: string }) {
  return (
    <span className={`connection ${tone}`}>
      <span className="dot" aria-hidden="true" />
      {words}
    </span>
  )
}
