import { IconBraces } from '@tabler/icons-react'
import { type MouseEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

const PATH = '/graphql'

/** Whether the server offers GraphiQL: it does not in production. Only the head of the answer is read. */
async function isOffered(): Promise<boolean> {
  const abort = new AbortController()
  try {
    const { ok, headers } = await fetch(PATH, { headers: { accept: 'text/html' }, signal: abort.signal })
    return ok && (headers.get('content-type') ?? '').includes('text/html')
  } catch {
    return false
  } finally {
    abort.abort()
  }
}

/**
 * Opens GraphiQL beside the console. With an opener the new tab begins with a copy of this one's session storage, and
 * so with its token. The server is asked when somebody wants it: the page is some megabytes.
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
