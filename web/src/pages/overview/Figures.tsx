import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { failureKind } from '../../api/errors.js'
import { Figure } from '../../components/Figure.js'
import type { StatsFragment } from '../../generated/graphql.js'
import { useFormat } from '../../hooks/use-format.js'
import type { StaleCounts } from './use-breakdown.js'

interface FiguresProps {
  readonly stats: StatsFragment | undefined
  readonly stale: StaleCounts
}

/** The panel shows up to six figures that tell at a glance whether something is wrong. */
export function Figures({ stats, stale: { data, error } }: FiguresProps) {
  const { t } = useTranslation()
  const format = useFormat()
  // Only PostgreSQL knows whether a pin is stale. Without it, an old number would be wrong.
  const stale = error === undefined ? data?.affinityCounts.total : null
  const scheduler = stats?.schedulerMetrics
  const affinity = stats?.affinityStats
  const observed = stats?.observed
  const since = observed ? format.time(Date.parse(observed.since)) : ''
  const rate = (value: number | null | undefined) =>
    value === undefined ? (
      ''
    ) : value === null ? (
      <span className="dim">{t('common.noData')}</span>
    ) : (
      format.percent(value)
    )
  const switches = observed && observed.providerSwitches + observed.keySwitches
  return (
    <dl className="panel figures">
      <Figure
        name={t('overview.liveAffinities')}
        value={stats && format.number(stats.totalAffinities)}
        hint=""
      />
      {scheduler?.cacheHitRate !== null && (
        <Figure
          name={t('overview.hitRate')}
          value={rate(scheduler?.cacheHitRate)}
          hint={
            scheduler &&
            t('overview.hitRateOf', {
              hits: format.number(scheduler.cacheHits ?? 0),
              misses: format.number(scheduler.cacheMisses ?? 0),
            })
          }
        />
      )}
      <Figure
        name={t('overview.reuseRate')}
        value={rate(observed?.reuseRate)}
        hint={
          observed && t(observed.reuseRate === null ? 'overview.noPins' : 'overview.reuseHint', { since })
        }
      />
      <Figure
        name={t('overview.switches')}
        value={switches !== undefined && format.number(switches)}
        hint={
          observed &&
          t('overview.switchesOf', {
            provider: format.number(observed.providerSwitches),
            key: format.number(observed.keySwitches),
            since,
          })
        }
      />
      {affinity?.cacheInvalidations !== null && (
        <Figure
          name={t('overview.invalidations')}
          value={affinity && format.number(affinity.cacheInvalidations)}
          hint={t('overview.invalidationsHint')}
        />
      )}
      <Figure
        name={t('overview.stale')}
        value={
          stale === null ? (
            <span className="dim">{t('common.unknown')}</span>
          ) : (
            stale !== undefined && <span className={stale > 0 ? 'warn' : ''}>{format.number(stale)}</span>
          )
        }
        hint={
          stale === null
            ? t(`overview.staleUnknown.${whyUnknown(error)}`)
            : stale !== undefined &&
              (stale > 0 ? (
                <Link to="/affinities?stale=true">{t('overview.staleLink')}</Link>
              ) : (
                t('overview.staleNone')
              ))
        }
      />
    </dl>
  )
}

/** A lost server must not be taken for a lost PostgreSQL. */
function whyUnknown(error: unknown): 'database' | 'cache' | 'network' | 'other' {
  const kind = failureKind(error)
  return kind === 'database' || kind === 'cache' || kind === 'network' ? kind : 'other'
}
