import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { failureKind, serverWords } from '../api/errors.js'
import { Message } from './Message.js'
import { shownText } from './shown-text.js'

interface FailureProps {
  readonly error: unknown
  readonly onRetry: () => unknown
}

/** The message takes the place of data that could not be loaded. */
export function Failure({ error, onRetry }: FailureProps) {
  const { t } = useTranslation()
  const kind = failureKind(error)
  return (
    <div role="alert">
      <Message title={t('errors.title')} hint={t(`errors.${kind}`)}>
        {kind === 'input' && (
          <p className="dim" lang="en">
            {shownText(serverWords(error) ?? '')}
          </p>
        )}
        <Button size="xs" variant="default" onClick={() => void onRetry()}>
          {t('common.retry')}
        </Button>
      </Message>
    </div>
  )
}

interface FailureNoticeProps extends FailureProps {
  /** True if the data shows ids because PostgreSQL could not give names. */
  readonly nameless?: boolean
}

/** The notice stands above data that is incomplete or old. */
export function FailureNotice({ error, onRetry, nameless = false }: FailureNoticeProps) {
  const { t } = useTranslation()
  const kind = failureKind(error)
  return (
    <div className="notice" role="alert">
      <span>{nameless && kind === 'database' ? t('errors.partial') : t(`errors.${kind}`)}</span>
      <Button size="compact-xs" variant="default" ml="auto" onClick={() => void onRetry()}>
        {t('common.retry')}
      </Button>
    </div>
  )
}
