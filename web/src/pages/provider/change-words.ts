import type { TFunction } from 'i18next'
import type { ProviderChangeFragment } from '../../generated/graphql.js'
import type { Format } from '../../hooks/use-format.js'
import { shortId } from '../affinities/names.js'

/** Says what a change was to one of its providers. */
export function changeWords(
  t: TFunction,
  format: Pick<Format, 'number'>,
  change: ProviderChangeFragment,
  providerId: string,
): string {
  const { type, auditEventId, count, provider, previousProvider, previousProviderId } = change
  if (type !== 'SWITCHED')
    return auditEventId === null
      ? t('provider.removed')
      : t('clears.done', { count, formatted: format.number(count) })
  if (change.providerId !== providerId)
    return t('provider.movedTo', { place: provider?.displayName ?? shortId(change.providerId) })
  if (previousProviderId !== null && previousProviderId !== providerId)
    return t('provider.cameFrom', { place: previousProvider?.displayName ?? shortId(previousProviderId) })
  const { providerKey, providerKeyId, previousProviderKey, previousProviderKeyId } = change
  return t('provider.otherKey', {
    from: previousProviderKey?.name ?? shortId(previousProviderKeyId ?? ''),
    to: providerKey?.name ?? shortId(providerKeyId),
  })
}
