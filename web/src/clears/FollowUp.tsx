import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Bars } from '../components/Bars.js'
import { Name } from '../components/Name.js'
import type { FollowUpFragment } from '../generated/graphql.js'
import { useFormat } from '../hooks/use-format.js'
import { shortId } from '../pages/affinities/names.js'
import { providerAddress } from '../pages/counts/groupings.js'

interface FollowUpProps {
  readonly followUp: FollowUpFragment
  /** The list of those who are pinned there again; null if no address says it. */
  readonly again: string | null
  /** Called when a link leads away. */
  readonly onLeave?: (() => void) | undefined
}

/** This tells where the users went whose pins a clear removed: the proof that it worked. */
export function FollowUp({ followUp, again, onLeave }: FollowUpProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const { repinnedElsewhere, repinnedSame, repinnedSameKey, notSeenSince, byProvider } = followUp
  return (
    <>
      <dl className="follow-up">
        <div>
          <dt>{t('clears.followUp.elsewhere')}</dt>
          <dd className="value">{format.number(repinnedElsewhere)}</dd>
        </div>
        <div>
          <dt>{t('clears.followUp.same')}</dt>
          <dd className={`value ${repinnedSame > 0 ? 'warn' : ''}`}>{format.number(repinnedSame)}</dd>
        </div>
        <div>
          <dt>{t('clears.followUp.notSeen')}</dt>
          <dd className="value">{format.number(notSeenSince)}</dd>
        </div>
      </dl>
      {repinnedSame > 0 && (
        <p className="hint">
          {t('clears.followUp.sameKey', {
            total: format.number(repinnedSame),
            formatted: format.number(repinnedSameKey),
          })}{' '}
          {again !== null && (
            <Link to={again} onClick={onLeave}>
              {t('clears.followUp.show')}
            </Link>
          )}
        </p>
      )}
      {byProvider.length > 0 && (
        <>
          <h3>{t('clears.followUp.byProvider')}</h3>
          <Bars
            bars={byProvider.map(({ providerId, provider, count }) => ({
              id: providerId,
              count,
              name: (
                <ProviderLink
                  id={providerId}
                  name={provider?.displayName ?? shortId(providerId)}
                  onLeave={onLeave}
                />
              ),
            }))}
          />
        </>
      )}
    </>
  )
}

interface ProviderLinkProps extends Pick<FollowUpProps, 'onLeave'> {
  readonly id: string
  readonly name: string
}

function ProviderLink({ id, name, onLeave }: ProviderLinkProps) {
  const to = providerAddress(id)
  if (to === null) return <Name of={name} />
  return (
    <Link to={to} onClick={onLeave}>
      <Name of={name} />
    </Link>
  )
}
