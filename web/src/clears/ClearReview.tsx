import { Button, Group, TextInput } from '@mantine/core'
import { useState } from 'react'
import { Trans, useTranslation } from 'react-i18next'
import { useFormat } from '../hooks/use-format.js'
import { ClearFailed } from './ClearFailed.js'
import { ClearWarnings } from './ClearWarnings.js'
import { type ClearTarget, clearsMappings, WORDS } from './clear-store.js'
import { FilterInWords } from './FilterInWords.js'
import { Sample } from './Sample.js'
import type { ClearPlan } from './use-clear.js'

interface ClearReviewProps {
  readonly target: ClearTarget
  readonly plan: ClearPlan
  readonly onClear: () => void
  readonly onAgain: () => void
  readonly onClose: () => void
}

/** The step shows what the dry run found, what the clear will cause, and the button that starts it. */
export function ClearReview({ target, plan, onClear, onAgain, onClose }: ClearReviewProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const [typed, setTyped] = useState('')
  const { cleared: count, failure, keys } = plan.outcome
  const formatted = format.number(count)
  const mappings = clearsMappings(target)
  const word = WORDS[target.kind]
  const ready = count > 0 && (word === undefined || typed.trim().toLowerCase() === word)

  const isIgnored = plan.outcome.warnings.some(({ code }) => code === 'PINS_NOT_HONOURED')

  if (failure && count === 0) {
    return (
      <>
        <ClearFailed failure={failure} />
        <Group justify="flex-end" mt="md" gap="xs">
          <Button size="xs" variant="default" onClick={onAgain}>
            {t('common.retry')}
          </Button>
          <Button size="xs" variant="default" onClick={onClose} data-autofocus>
            {t('common.close')}
          </Button>
        </Group>
      </>
    )
  }
  return (
    <>
      <p className="clear-count">
        {t(mappings ? 'clears.wouldGoKeys' : 'clears.wouldGo', { count, formatted })}
      </p>
      {target.kind === 'filtered' && <FilterInWords filter={target.filter} />}
      {count === 0 ? (
        <p className="dim">{t('clears.nothing')}</p>
      ) : (
        <Sample rows={plan.rows} groups={plan.groups} keys={keys} total={count} />
      )}
      {failure && <ClearFailed failure={failure} />}
      <ClearWarnings warnings={plan.outcome.warnings} nodes={[]} />
      {count > 0 && (
        <section className="clear-effect">
          <h3>{t('clears.whatHappens')}</h3>
          {/* Where the gateway ignores pins, the warning says what happens: nothing. */}
          {!isIgnored && <p>{t(effectOf(target))}</p>}
          <p className="hint">
            {target.kind !== 'single' &&
              target.kind !== 'selected' &&
              t('clears.countedAt', { time: format.time(plan.countedAt) })}{' '}
            {t('clears.audited')}
          </p>
        </section>
      )}
      {word !== undefined && count > 0 && (
        <TextInput
          label={
            <Trans
              i18nKey="clears.typeWord"
              values={{ word }}
              components={{ word: <code className="word" /> }}
            />
          }
          placeholder={word}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => event.key === 'Enter' && ready && onClear()}
        />
      )}
      <Group justify="flex-end" mt="md" gap="xs">
        <Button size="xs" variant="subtle" onClick={onAgain}>
          {t('clears.countAgain')}
        </Button>
        <Button size="xs" variant="default" onClick={onClose} data-autofocus>
          {count > 0 ? t('common.cancel') : t('common.close')}
        </Button>
        {count > 0 && (
          <Button size="xs" color="red" disabled={!ready} onClick={onClear}>
            {t(mappings ? 'clears.confirmButtonKeys' : 'clears.confirmButton', { count, formatted })}
          </Button>
        )}
      </Group>
    </>
  )
}

function effectOf(target: ClearTarget) {
  if (target.kind === 'all') return 'clears.effectAll'
  if (target.kind === 'mappingsAll') return 'clears.effectMappingsAll'
  if (target.kind === 'poolSessions') return 'clears.effectPools'
  return clearsMappings(target) ? 'clears.effectMappings' : 'clears.effectAffinity'
}
