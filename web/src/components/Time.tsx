import { useTranslation } from 'react-i18next'
import { useFormat } from '../hooks/use-format.js'
import { useNow } from '../hooks/use-now.js'

interface TimeProps {
  /** RFC 3339. */
  readonly at: string
}

/** Shows a time in the reader's time zone with its name; the tooltip has UTC. */
export function Time({ at }: TimeProps) {
  const format = useFormat()
  return (
    <time dateTime={at} title={at}>
      {format.dateTime(at)}
    </time>
  )
}

/** Shows how long ago something was; the tooltip has the time. */
export function Ago({ at }: TimeProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const now = useNow()
  const duration = format.age((now - Date.parse(at)) / 1_000)
  return (
    <time dateTime={at} title={format.dateTime(at)}>
      {t('common.ago', { duration })}
    </time>
  )
}

const SHORT_SECONDS = 60

interface CountdownProps {
  /** Unix milliseconds by this machine's clock; null if it does not expire. */
  readonly until: number | null
}

export function Countdown({ until }: CountdownProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const now = useNow()
  if (until === null) return <span className="dim">{t('common.doesNotExpire')}</span>
  const seconds = (until - now) / 1_000
  if (seconds <= 0) return <span className="dim">{t('common.expired')}</span>
  return <span className={seconds < SHORT_SECONDS ? 'warn' : ''}>{format.duration(seconds)}</span>
}

/** Shows the TTL left of a record that was read at `readAt`, Unix milliseconds. */
export function Ttl({ seconds, readAt }: { readonly seconds: number | null; readonly readAt: number }) {
  const { t } = useTranslation()
  if (seconds === null) return <span className="dim">{t('common.unknown')}</span>
  return <Countdown until={readAt + seconds * 1_000} />
}
