import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { failureKind } from '../../api/errors.js'
import { Copyable } from '../../components/Copyable.js'
import { Name } from '../../components/Name.js'
import { Panel } from '../../components/Panel.js'
import { useFormat } from '../../hooks/use-format.js'
import { type ProviderAnswers, stateOf } from './use-provider.js'

interface ProviderStateProps {
  readonly id: string
  readonly answers: ProviderAnswers
}

/** Whether the gateway sends requests to the provider, and how many pins lead there. */
export function ProviderState({ id, answers }: ProviderStateProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const { row, pins, people } = answers
  const known = stateOf(answers, id)
  const total = pins.data?.byKey.total
  // Without PostgreSQL, an old number of stale pins would be wrong.
  const reasons = people.error === undefined ? people.data?.byReason : undefined
  const stale = reasons && reasons.total - reasons.ungrouped
  const list = new URLSearchParams({ provider: id })
  return (
    <Panel title={t('provider.state')}>
      <dl className="facts wide">
        <dt>{t('provider.inGateway')}</dt>
        <dd>
          {known ? (
            <>
              <span className={`tag ${known.state === 'on' ? 'accent' : 'warn'}`}>
                {t(`provider.states.${known.state}`)}
              </span>{' '}
              <span className="hint">{t(`provider.stateHints.${known.state}`)}</span>
            </>
          ) : (
            row.error !== undefined && (
              <span className="dim">
                {t('common.unknown')} {t(`errors.${failureKind(row.error)}`)}
              </span>
            )
          )}
        </dd>
        <dt>{t('provider.pins')}</dt>
        <dd>
          {total !== undefined && (
            <Link to={`/affinities?${list}`}>
              {t('overview.total', { count: total, replace: { count: format.number(total) } })}
            </Link>
          )}
        </dd>
        <dt>{t('overview.stale')}</dt>
        <dd>
          {stale === undefined ? (
            people.error !== undefined && <span className="dim">{t('common.unknown')}</span>
          ) : stale === 0 ? (
            t('common.none')
          ) : (
            <Link className="warn" to={`/affinities?${list}&stale=true`}>
              {format.number(stale)}
            </Link>
          )}
        </dd>
        <dt>{t('provider.name')}</dt>
        <dd>{known?.provider && <Name of={known.provider.name} />}</dd>
        <dt>{t('common.id')}</dt>
        <dd>
          <Copyable value={id} what={t('common.id')} />
        </dd>
      </dl>
    </Panel>
  )
}
