import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { failureKind, passesByItself } from '../../api/errors.js'
import { Failure, FailureNotice } from '../../components/Failure.js'
import { Message } from '../../components/Message.js'
import { MissingFieldsDocument } from '../../generated/graphql.js'
import { type Answer, useAnswer } from '../../hooks/use-answer.js'

interface UsagePartProps<Data> {
  readonly answer: Answer<unknown>
  /** What was asked for; null if the gateway has no such rows, or could not read them in time. */
  readonly data: Data | null | undefined
  /** The name of the field in the API. */
  readonly field: string
  readonly children: (data: Data) => ReactNode
}

/** Shows what usage rows say; until then, and without them, what is going on instead. */
export function UsagePart<Data>({ answer, data, field, children }: UsagePartProps<Data>) {
  const { error, loading, ask } = answer
  if (data == null) {
    const isReading = loading && !passesByItself(error)
    if (isReading || (data === undefined && error === undefined)) return <Reading />
    return error === undefined ? <NotAvailable field={field} /> : <UsageFailure {...{ error, field, ask }} />
  }
  return (
    <div className={loading ? 'usage busy' : 'usage'} aria-busy={loading}>
      {error !== undefined && <FailureNotice nameless error={error} onRetry={ask} />}
      {children(data)}
    </div>
  )
}

/** The second line stays invisible if reading is quick. */
function Reading() {
  const { t } = useTranslation()
  return (
    <div className="message" role="status">
      <p className="loading">{t('app.loading')}</p>
      <p className="loading slow">{t('savings.slow')}</p>
    </div>
  )
}

interface UsageFailureProps extends Pick<Answer<unknown>, 'error' | 'ask'> {
  readonly field: string
}

function UsageFailure({ error, field, ask }: UsageFailureProps) {
  const { t } = useTranslation()
  const kind = failureKind(error)
  if (kind === 'notAvailable') return <NotAvailable field={field} />
  if (kind !== 'timeout' && kind !== 'usageTooExpensive') return <Failure error={error} onRetry={ask} />
  // All other parts are read over the whole period each time: nothing is kept of them.
  const isResumed = field === 'cacheUsage'
  const hint =
    kind === 'timeout' && !isResumed ? t('savings.failures.shorterPeriod') : t(`savings.failures.${kind}Hint`)
  return (
    <div role="alert">
      <Message title={t(`savings.failures.${kind}`)} hint={hint}>
        <Button size="xs" variant="default" onClick={ask}>
          {t('common.retry')}
        </Button>
      </Message>
    </div>
  )
}

/** Names what the gateway's tables lack for this part. */
function NotAvailable({ field }: { readonly field: string }) {
  const { t } = useTranslation()
  const { data } = useAnswer(MissingFieldsDocument, {}, { fetchPolicy: 'no-cache' })
  const needs = data?.gateway.missing.filter((missing) => missing.field === field) ?? []
  return (
    <Message title={t('savings.notAvailable')} hint={t('savings.notAvailableHint')}>
      {needs.map((missing) => (
        <p key={missing.needs} className="mono">
          {missing.needs}
        </p>
      ))}
    </Message>
  )
}
