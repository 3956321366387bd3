import { Button, Modal } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useTopmost } from '../dialogs/open-dialogs.js'
import { useStore } from '../hooks/store.js'
import { SignInForm } from './SignInForm.js'
import { endSession, sessionStore } from './session.js'

/** The dialogue lies over the page, which keeps its filters, scroll position and typed text. */
export function ExpiredSession() {
  const { t } = useTranslation()
  const { expired } = useStore(sessionStore)
  // Esc must not close what lies below it either.
  useTopmost(expired)
  return (
    <Modal
      opened={expired}
      // Only a sign-in or a sign-out closes it.
      onClose={() => {}}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      title={t('signIn.expiredTitle')}
      zIndex={1_000}
    >
      <p className="dim" style={{ marginTop: 0 }}>
        {t('signIn.expiredIntro')}
      </p>
      <SignInForm />
      <Button mt="xs" fullWidth variant="subtle" onClick={endSession}>
        {t('app.signOut')}
      </Button>
    </Modal>
  )
}
