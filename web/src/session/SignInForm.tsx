import { Button, PasswordInput, SegmentedControl, Stack, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useStore } from '../hooks/store.js'
import { useRecovery } from '../hooks/use-recovery.js'
import { sessionStore } from './session.js'
import { type SignInFailure, signInByPassword, signInByToken } from './sign-in.js'

type Way = 'password' | 'token'

const isWay = (text: string): text is Way => text === 'password' || text === 'token'

interface SignInFormProps {
  /** The first field takes the focus; in a dialogue the dialogue places it. */
  readonly autoFocus?: boolean
}

export function SignInForm({ autoFocus = false }: SignInFormProps) {
  const { t } = useTranslation()
  const [way, setWay] = useState<Way>('password')
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<SignInFailure>(null)
  const { unrevoked } = useStore(sessionStore)
  // The server is back: that it does not answer is no longer true.
  useRecovery(() => setFailure(null))

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const fields = new FormData(event.currentTarget)
    const text = (name: string) => String(fields.get(name) ?? '')
    setBusy(true)
    setFailure(
      way === 'password'
        ? await signInByPassword(text('email').trim(), text('password'))
        : await signInByToken(text('token'), text('device').trim()),
    )
    setBusy(false)
  }

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        <SegmentedControl
          fullWidth
          size="xs"
          aria-label={t('signIn.way')}
          value={way}
          data={[
            { value: 'password', label: t('signIn.byPassword') },
            { value: 'token', label: t('signIn.byToken') },
          ]}
          onChange={(next) => {
            if (isWay(next)) setWay(next)
            setFailure(null)
          }}
        />
        {way === 'password' ? (
          <>
            <TextInput
              name="email"
              label={t('signIn.email')}
              autoComplete="username"
              required
              withAsterisk={false}
              data-autofocus
              autoFocus={autoFocus}
            />
            <PasswordInput
              name="password"
              label={t('signIn.password')}
              autoComplete="current-password"
              required
              withAsterisk={false}
              visibilityToggleButtonProps={{ 'aria-label': t('signIn.reveal') }}
            />
          </>
        ) : (
          <>
            <PasswordInput
              name="token"
              label={t('signIn.token')}
              description={t('signIn.tokenHint')}
              autoComplete="off"
              required
              withAsterisk={false}
              visibilityToggleButtonProps={{ 'aria-label': t('signIn.reveal') }}
            />
            <TextInput
              name="device"
              label={t('signIn.device')}
              description={t('signIn.deviceHint')}
              autoComplete="off"
            />
          </>
        )}
        <div role="alert" className="bad" style={{ minHeight: '1.25rem' }}>
          {failure !== null ? <FailureText failure={failure} /> : unrevoked && t('signIn.unrevoked')}
        </div>
        <Button type="submit" loading={busy}>
          {t('signIn.submit')}
        </Button>
      </Stack>
    </form>
  )
}

function FailureText({ failure }: { readonly failure: Exclude<SignInFailure, null> }) {
  const { t } = useTranslation()
  switch (failure) {
    case 'badCredentials':
    case 'badToken':
    case 'tooMany':
      return t(`signIn.${failure}`)
    default:
      return t(`errors.${failure}`)
  }
}
