import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { connectivity, probe } from '../api/connectivity.js'
import { liveState } from '../api/live-stream.js'
import { useStore } from '../hooks/store.js'
import { useFormat } from '../hooks/use-format.js'

/** The notice lies over the foot of the page, so nothing moves when it appears or disappears. */
export function ConnectionLost() {
  const { t } = useTranslation()
  const format = useFormat()
  const { lostAt } = useStore(connectivity)
  return (
    <div role="status">
      {lostAt !== null && (
        <div className="lost">
          <span>
            {t('connection.offlineSince', { time: format.time(lostAt) })} {t('connection.retryIn')}
          </span>
          <Button size="compact-sm" variant="default" onClick={() => void probe()}>
            {t('connection.tryNow')}
          </Button>
        </div>
      )}
    </div>
  )
}

/** The label says whether the page follows the server now. */
export function ConnectionState() {
  const { t } = useTranslation()
  const { lostAt } = useStore(connectivity)
  const { open, connecting } = useStore(liveState)
  const state = lostAt !== null ? 'offline' : connecting > 0 ? 'connecting' : open > 0 ? 'live' : 'idle'
  const tone = { offline: 'bad', connecting: 'warn', live: 'good', idle: 'dim' }[state]
  return (
    <span className={`connection ${tone}`} data-state={state}>
      <span className="dot" aria-hidden="true" />
      {t(`connection.${state}`)}
    </span>
  )
}
