import { IconBraces } from '@tabler/icons-react'
import { type MouseEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { withTimeout } from '../api/timed-fetch.js'

const PATH = '/graphql'

/** Asks whether the server offers GraphiQL; in production it does not. Only the head of the answer is read. */
async function isOffered(): Promise<boolean> {
  const abort = new AbortController()
  try {
    const { ok, headers } = await fetch(PATH, {
      headers: { accept: 'text/html' },
      signal: withTimeout(abort.signal, 10_000),
    })
    return ok && (headers.get('content-type') ?? '').includes('text/html')
  } catch {
    return false
  } finally {
    abort.abort()
  }
}

/**
 * The link opens GraphiQL in a new tab. Because of its opener, that tab starts with a copy of this tab's session storage
 * and token. The console asks the server only after a click, because the page has some megabytes.
 */
export function GraphiqlLink() {
  const { t } = useTranslation()
  const [absent, setAbsent] = useState(false)
  const open = async (event: MouseEvent) => {
    event.preventDefault()
    const offered = await isOffered()
    setAbsent(!offered)
    if (offered) window.open(PATH, '_blank')
  }
  return (
    <a
      className="not-phone"
      href={PATH}
      target="_blank"
      rel="noopener opener"
      title={t('app.opensInNewTab')}
      onClick={(event) => void open(event)}
    >
      <IconBraces size={17} stroke={1.7} aria-hidden="true" />
      <span>
        {t('nav.graphiql')}
        <span role="status" className="hint" style={{ display: 'block' }}>
          {absent && t('app.graphiqlOff')}
        </span>
      </span>
    </a>
  )
}
