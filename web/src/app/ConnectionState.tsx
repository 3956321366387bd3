import { useTranslation } from 'react-i18next'
import { connectivity } from '../api/connectivity.js'
import { liveState } from '../api/live-stream.js'
import { useStore } from '../hooks/store.js'

/** Whether what is on the page follows the server right now. */
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
