import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { ConnectionState } from '../../app/Connection.js'
import { useFormat } from '../../hooks/use-format.js'
import type { PageLoad } from './use-page.js'
import { useSummary } from './use-page.js'
import type { Selection } from './use-selection.js'

interface LiveBarProps {
  readonly load: PageLoad
  readonly selection: Selection
}

/** The bar says how old the page is and what changed since. Its height never changes, so nothing below it moves. */
export function LiveBar({ load, selection }: LiveBarProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const { total, created, gone, readAt } = useSummary(load.page)
  const changed = created > 0 || gone > 0
  return (
    <div className="live-bar">
      <strong>
        {load.loaded && t('affinities.count', { count: total, formatted: format.number(total) })}
      </strong>
      {selection.ids.size > 0 && (
        <span className="accent">
          {t('affinities.selected', {
            count: selection.ids.size,
            replace: { count: format.number(selection.ids.size) },
          })}{' '}
          <Button size="compact-xs" variant="subtle" onClick={selection.none}>
            {t('affinities.unselect')}
          </Button>
        </span>
      )}
      <span className="live-changes">
        {changed && (
          <b>{t('affinities.changes', { created: format.number(created), gone: format.number(gone) })}</b>
        )}{' '}
        <span className="dim">
          {readAt > 0 &&
            (changed
              ? t('affinities.changesFrom', { time: format.time(readAt) })
              : t('common.asOf', { time: format.time(readAt) }))}
        </span>
      </span>
      <Button
        size="compact-xs"
        variant={changed ? 'light' : 'subtle'}
        loading={load.loading && load.loaded}
        onClick={load.reload}
      >
        {t('common.refresh')}
      </Button>
      <span className="live-connection">
        {load.followed ? <ConnectionState /> : <span className="warn">{t('affinities.notFollowed')}</span>}
      </span>
    </div>
  )
}
