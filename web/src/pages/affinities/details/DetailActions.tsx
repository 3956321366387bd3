import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { openClear } from '../../../clears/clear-store.js'
import type { AffinityRowFragment } from '../../../generated/graphql.js'
import type { FilterField } from '../address.js'
import { shortId } from '../names.js'
import type { ViewControl } from '../view-state.js'

interface DetailActionsProps {
  readonly record: AffinityRowFragment
  readonly gone: boolean
  readonly control: ViewControl
  readonly canClear: boolean
}

export function DetailActions({ record, gone, control, canClear }: DetailActionsProps) {
  const { t } = useTranslation()
  const { user, provider, providerId, providerKeyId, modelId, sessionHash } = record
  const show = (field: FilterField, value: string, words: string) => (
    <Button size="compact-sm" variant="default" onClick={() => control.setFilter(field, value)}>
      {words}
    </Button>
  )
  return (
    <div className="detail-actions">
      <div>
        {user && show('userId', user.id, t('details.showUser'))}
        {user && (
          <Button
            size="compact-sm"
            variant="default"
            component={Link}
            to={`/savings?${new URLSearchParams({ user: user.id })}`}
          >
            {t('details.showPauses')}
          </Button>
        )}
        {show('providerId', providerId, t('details.showProvider'))}
        {show('providerKeyId', providerKeyId, t('details.showKey'))}
        {show('modelId', modelId, t('details.showModel'))}
        {sessionHash !== null && show('sessionHash', sessionHash, t('details.showSession'))}
      </div>
      {canClear && (
        <div>
          <Button
            size="compact-sm"
            color="red"
            variant="light"
            disabled={gone}
            onClick={() => openClear({ kind: 'single', rows: [record] })}
          >
            {t('clears.one')}
          </Button>
          {user && (
            <Button
              size="compact-sm"
              color="red"
              variant="light"
              onClick={() => openClear({ kind: 'user', userId: user.id, name: user.username })}
            >
              {t('clears.user')}
            </Button>
          )}
          <Button
            size="compact-sm"
            color="red"
            variant="light"
            onClick={() =>
              openClear({ kind: 'provider', providerId, name: provider?.displayName ?? shortId(providerId) })
            }
          >
            {t('clears.provider')}
          </Button>
        </div>
      )}
    </div>
  )
}
