import { useTranslation } from 'react-i18next'
import { Name } from '../../components/Name.js'
import { Time } from '../../components/Time.js'
import type { AuditRowFragment } from '../../generated/graphql.js'
import { useFormat } from '../../hooks/use-format.js'
import { useActionName } from './actions.js'
import { readMetadata } from './metadata.js'

interface AuditTableProps {
  readonly events: readonly AuditRowFragment[]
  readonly onOpen: (id: string) => void
}

export function AuditTable({ events, onOpen }: AuditTableProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const actionName = useActionName()
  return (
    <table className="table stack">
      <thead>
        <tr>
          <th scope="col">{t('audit.when')}</th>
          <th scope="col">{t('audit.action')}</th>
          <th scope="col">{t('audit.who')}</th>
          <th scope="col">{t('audit.result')}</th>
          <th scope="col" className="number">
            {t('audit.cleared')}
          </th>
          <th scope="col">{t('audit.from')}</th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => {
          const { clearedCount, dryRun } = readMetadata(event.metadata)
          const action = actionName(event.action)
          return (
            <tr key={event.id} className="link" onClick={() => onOpen(event.id)}>
              <td data-label={t('audit.when')}>
                <Time at={event.createdAt} />
              </td>
              <td data-label={t('audit.action')}>
                <button
                  type="button"
                  className="row-open"
                  aria-label={t('audit.openEvent', { action, time: format.dateTime(event.createdAt) })}
                >
                  {action}
                </button>
              </td>
              <td data-label={t('audit.who')}>
                <Name of={event.actor?.username ?? (event.actorName || '—')} />
              </td>
              <td data-label={t('audit.result')}>
                <AuditResult event={event} />
              </td>
              {/* A dry run clears nothing; its count is shown beside the result. */}
              <td data-label={t('audit.cleared')} className="number">
                {clearedCount !== null && !dryRun && format.number(clearedCount)}
              </td>
              <td data-label={t('audit.from')} className="mono">
                {event.ipAddress}
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

export function AuditResult({ event }: { readonly event: AuditRowFragment }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { dryRun, clearedCount } = readMetadata(event.metadata)
  return (
    <span>
      {event.success ? t('audit.ok') : <span className="tag bad">{t('audit.failed')}</span>}{' '}
      {dryRun && (
        <span className="tag">
          {clearedCount === null
            ? t('audit.dryRun')
            : t('audit.dryRunOf', { found: format.number(clearedCount) })}
        </span>
      )}
    </span>
  )
}
