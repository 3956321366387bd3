import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Copyable } from '../../../components/Copyable.js'
import { Countdown, Time } from '../../../components/Time.js'
import type { AffinityRowFragment } from '../../../generated/graphql.js'
import { useFormat } from '../../../hooks/use-format.js'
import type { LiveRow } from '../live/live-page.js'

export function DetailFacts({ row }: { readonly row: LiveRow<AffinityRowFragment> }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { record, until, gone, switched } = row
  // A switched record has only the ids of its new target until the names are read.
  const lost = switched ? <span className="dim">{t('common.unknown')}</span> : <Deleted />
  const { user, apiKey, provider, endpoint, providerKey, model } = record
  return (
    <>
      {gone && <div className="notice">{t('details.gone')}</div>}
      {record.staleReasons !== null && record.staleReasons.length > 0 && (
        <div className="notice">
          <span>
            {t('common.pair', {
              name: t('details.staleTitle'),
              value: format.list(record.staleReasons.map((reason) => t(`staleReasons.${reason}`))),
            })}
          </span>
        </div>
      )}
      <Section title={t('details.when')}>
        <Fact name={t('details.ttl')}>{gone ? '—' : <Countdown until={until} />}</Fact>
        <Fact name={t('details.expires')}>
          {record.expiresAt === null ? t('common.doesNotExpire') : <Time at={record.expiresAt} />}
        </Fact>
        <Fact name={t('details.created')}>
          <Time at={record.createdAt} />
        </Fact>
        <Fact name={t('details.requests')}>{format.number(record.requestCount)}</Fact>
      </Section>
      <Section title={t('details.who')}>
        <Fact name={t('details.user')}>
          {user ? <Named name={user.username} isActive={user.isActive} /> : <Deleted />}
        </Fact>
        {user && <Fact name={t('details.email')}>{user.email ?? t('common.none')}</Fact>}
        {user && <Fact name={t('details.role')}>{t(`roles.${user.role}`)}</Fact>}
        <Fact name={t('details.apiKey')}>
          {apiKey ? <Named name={apiKey.name ?? t('common.none')} isActive={apiKey.isActive} /> : <Deleted />}
        </Fact>
        <Fact name={t('details.maskedKey')}>
          <span className="mono">{apiKey?.maskedKey ?? t('common.unknown')}</span>
        </Fact>
        <Fact name={t('details.apiKeyId')}>
          <Copyable value={record.affinityKey} what={t('details.apiKeyId')} />
        </Fact>
        {apiKey && (
          <Fact name={t('details.keyExpires')}>
            {apiKey.expiresAt === null ? t('common.never') : <Time at={apiKey.expiresAt} />}
          </Fact>
        )}
        <Fact name={t('details.standalone')}>
          {record.isStandalone === null
            ? t('common.unknown')
            : t(record.isStandalone ? 'common.yes' : 'common.no')}
        </Fact>
      </Section>
      <Section title={t('details.what')}>
        <Fact name={t('details.model')}>
          {model ? (
            <Named name={model.displayName} isActive={model.isActive} />
          ) : (
            (record.modelDisplayName ?? '—')
          )}
        </Fact>
        <Fact name={t('details.modelName')}>
          <span className="mono">{record.modelName ?? t('common.unknown')}</span>
        </Fact>
        <Fact name={t('details.modelId')}>
          <Copyable value={record.modelId} what={t('details.modelId')} />
        </Fact>
        <Fact name={t('details.format')}>{record.apiFormat}</Fact>
        {record.clientFamily !== null && <Fact name={t('details.client')}>{record.clientFamily}</Fact>}
        {record.sessionHash !== null && (
          <Fact name={t('details.session')}>
            <Copyable value={record.sessionHash} what={t('details.session')} />
          </Fact>
        )}
      </Section>
      <Section title={t('details.where')}>
        <Fact name={t('details.provider')}>
          {provider ? <Named name={provider.displayName} isActive={provider.isActive} /> : lost}
        </Fact>
        <Fact name={t('details.providerId')}>
          <Copyable value={record.providerId} what={t('details.providerId')} />
        </Fact>
        <Fact name={t('details.endpoint')}>
          {endpoint ? <Named name={endpoint.baseUrl} isActive={endpoint.isActive} /> : lost}
        </Fact>
        <Fact name={t('details.endpointId')}>
          <Copyable value={record.endpointId} what={t('details.endpointId')} />
        </Fact>
        <Fact name={t('details.providerKey')}>
          {providerKey ? <Named name={providerKey.name} isActive={providerKey.isActive} /> : lost}
        </Fact>
        <Fact name={t('details.maskedKey')}>
          <span className="mono">{providerKey?.maskedKey ?? t('common.unknown')}</span>
        </Fact>
        <Fact name={t('details.providerKeyId')}>
          <Copyable value={record.providerKeyId} what={t('details.providerKeyId')} />
        </Fact>
        <Fact name={t('details.multiplier')}>
          {record.rateMultiplier === null
            ? t('common.unknown')
            : `× ${format.decimal(record.rateMultiplier)}`}
        </Fact>
        {providerKey && (
          <Fact name={t('details.keyTtl')}>
            {t('details.minutes', { count: providerKey.cacheTtlMinutes })}
          </Fact>
        )}
      </Section>
      <Section title={t('common.id')}>
        <Fact name={t('details.id')}>
          <Copyable value={record.id} what={t('details.id')} />
        </Fact>
      </Section>
    </>
  )
}

function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className="fact-group">
      <h3>{title}</h3>
      <dl className="facts">{children}</dl>
    </section>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}

function Named({ name, isActive }: { readonly name: string; readonly isActive: boolean }) {
  const { t } = useTranslation()
  return (
    <>
      {name} {!isActive && <span className="tag warn">{t('common.inactive')}</span>}
    </>
  )
}

function Deleted() {
  const { t } = useTranslation()
  return <span className="tag warn">{t('common.deleted')}</span>
}
