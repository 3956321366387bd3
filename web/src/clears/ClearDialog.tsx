import { Loader, Modal } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useTopmost } from '../dialogs/open-dialogs.js'
import { useStore } from '../hooks/store.js'
import { ClearDone } from './ClearDone.js'
import { ClearReview } from './ClearReview.js'
import { type ClearTarget, clearTarget, openClear } from './clear-store.js'
import { useClear } from './use-clear.js'
import './clears.css'

export function ClearDialog() {
  const target = useStore(clearTarget)
  return target && <OpenDialog target={target} />
}

function OpenDialog({ target }: { readonly target: ClearTarget }) {
  const { t } = useTranslation()
  const { step, clear, again } = useClear(target)
  const close = () => openClear(null)
  const isTopmost = useTopmost(true)
  const busy = step.name === 'clearing'
  const name = 'name' in target ? target.name : ''
  return (
    <Modal
      opened
      onClose={() => busy || close()}
      closeOnEscape={isTopmost}
      // Nobody leaves a running clear by accident: its result would never be seen.
      withCloseButton={!busy}
      closeOnClickOutside={step.name !== 'clearing' && step.name !== 'review'}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      title={t(`clears.title.${target.kind}`, { name })}
      size="lg"
      zIndex={400}
    >
      {(step.name === 'counting' || step.name === 'clearing') && <ClearWorking name={step.name} />}
      {step.name === 'review' && (
        <ClearReview target={target} plan={step.plan} onClear={clear} onAgain={again} onClose={close} />
      )}
      {step.name === 'done' && (
        <ClearDone target={target} outcome={step.outcome} onAgain={again} onClose={close} />
      )}
    </Modal>
  )
}

function ClearWorking({ name }: { readonly name: 'counting' | 'clearing' }) {
  const { t } = useTranslation()
  return (
    <div className="clear-working" role="status">
      <Loader size="sm" />
      <span>{t(`clears.${name}`)}</span>
    </div>
  )
}
