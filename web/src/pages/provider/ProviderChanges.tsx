import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Failure, FailureNotice } from '../../components/Failure.js'
import { Name } from '../../components/Name.js'
import { Time } from '../../components/Time.js'
import type { ProviderChangeFragment } from '../../generated/graphql.js'
import { useFormat } from '../../hooks/use-format.js'
import { shortId } from '../affinities/names.js'
import { changeWords } from './change-words.js'
import type { ProviderAnswers } from './use-provider.js'

interface ProviderChangesProps {
  readonly id: string
  readonly answer: ProviderAnswers['changes']
}

/** The latest switches, removals and clears at the provider. */
export function ProviderChanges({ id, answer: { data, error, ask } }: ProviderChangesProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const changes = data?.affinityChanges
  if (!changes) return error === undefined ? null : <Failure error={error} onRetry={ask} />
  const { nodes, totalCount } = changes
  return (
    <section className="provider-changes">
      <h3>{t('provider.changes')}</h3>
      {error !== undefined && <FailureNotice nameless error={error} onRetry={ask} />}
      {nodes.length === 0 ? (
        <p className="dim">{t('provider.noChanges')}</p>
      ) : (
        <table className="table stack" aria-label={t('provider.changes')}>
          <thead>
            <tr>
              <th scope="col">{t('audit.when')}</th>
              <th scope="col">{t('provider.change')}</th>
              <th scope="col">{t('affinities.columns.user')}</th>
              <th scope="col">{t('affinities.columns.model')}</th>
            </tr>
          </thead>
          <tbody>
            {nodes.map((change) => (
              <tr key={change.id}>
                <td data-label={t('audit.when')}>
                  <Time at={change.at} />
                </td>
                <td data-label={t('provider.change')}>
                  <What change={change} providerId={id} />
                </td>
                {/* A clear of many is told by one of its records, which is not everybody. */}
                <td data-label={t('affinities.columns.user')}>
                  {change.count === 1 && (
                    <Name of={change.user?.username ?? change.apiKey?.name ?? shortId(change.affinityKey)} />
                  )}
                </td>
                <td data-label={t('affinities.columns.model')}>
                  {change.count === 1 && <Name of={change.modelName ?? shortId(change.modelId)} />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {totalCount > nodes.length && (
        <p className="hint">
          {t('provider.changesCut', {
            shown: format.number(nodes.length),
            total: format.number(totalCount),
          })}
        </p>
      )}
    </section>
  )
}

interface WhatProps {
  readonly change: ProviderChangeFragment
  readonly providerId: string
}

function What({ change, providerId }: WhatProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const words = changeWords(t, format, change, providerId)
  if (change.auditEventId === null) return <span>{words}</span>
  return <Link to={`/audit?event=${encodeURIComponent(change.auditEventId)}`}>{words}</Link>
}
