import { Modal } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useTopmost } from '../dialogs/open-dialogs.js'

const KEYS = [
  { keys: ['/'], name: 'search' },
  { keys: ['↓', 'j'], name: 'down' },
  { keys: ['↑', 'k'], name: 'up' },
  { keys: ['Home', 'End'], name: 'ends' },
  { keys: ['Enter'], name: 'open' },
  { keys: ['x'], name: 'select' },
  { keys: ['Esc'], name: 'close' },
  { keys: ['g'], name: 'go' },
  { keys: ['?'], name: 'help' },
] as const

export function ShortcutsHelp({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation()
  const isTopmost = useTopmost(true)
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnEscape={isTopmost}
      title={t('app.shortcuts')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      size="sm"
    >
      <dl className="facts" style={{ gridTemplateColumns: '6rem 1fr' }}>
        {KEYS.map(({ keys, name }) => (
          <div key={name} style={{ display: 'contents' }}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{t(`keys.${name}`)}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}
