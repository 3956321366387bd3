import { Drawer, Loader } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Copyable } from '../../components/Copyable.js'
import { Time } from '../../components/Time.js'
import { type AuditNode, AuditResult } from './AuditTable.js'
import { useActionName } from './actions.js'
import { useAuditEvent } from './use-audit-event.js'

interface AuditDetailsProps {
  readonly id: string | null
  readonly known: readonly AuditNode[]
  readonly onClose: () => void
}

export function AuditDetails({ id, known, onClose }: AuditDetailsProps) {
  const { t } = useTranslation()
  const actionName = useActionName()
  const event = useAuditEvent(id, known)
  const shown = typeof event === 'object' ? event : null
  return (
    <Drawer
      opened={id !== null}
      onClose={onClose}
      position="right"
      size="30rem"
      title={shown ? actionName(shown.action) : t('audit.event')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      overlayProps={{ backgroundOpacity: 0.25 }}
    >
      {event === 'looking' && <Loader size="sm" />}
      {event === 'missing' && <p className="dim">{t('audit.notFound')}</p>}
      {shown && (
        <dl className="facts">
          <dt>{t('audit.when')}</dt>
          <dd>
            <Time at={shown.createdAt} />
          </dd>
          <dt>{t('audit.action')}</dt>
          <dd className="mono">{shown.action}</dd>
          <dt>{t('audit.result')}</dt>
          <dd>
            <AuditResult event={shown} />
          </dd>
          {shown.errorMessage !== null && (
            <>
              <dt>{t('audit.error')}</dt>
              <dd className="bad">{shown.errorMessage}</dd>
            </>
          )}
          <dt>{t('audit.who')}</dt>
          <dd>{shown.actor ? `${shown.actor.username} · ${shown.actor.email}` : shown.actorName}</dd>
          <dt>{t('audit.from')}</dt>
          <dd className="mono">{shown.ipAddress ?? t('common.unknown')}</dd>
          <dt>{t('audit.request')}</dt>
          <dd>
            {shown.requestId === null ? (
              t('common.unknown')
            ) : (
              <Copyable value={shown.requestId} what={t('audit.request')} />
            )}
          </dd>
          <dt>{t('common.id')}</dt>
          <dd>
            <Copyable value={shown.id} what={t('common.id')} />
          </dd>
          <dt>{t('audit.metadata')}</dt>
          <dd />
        </dl>
      )}
      {shown && <pre className="metadata mono">{JSON.stringify(shown.metadata, null, 2)}</pre>}
    </Drawer>
  )
}
