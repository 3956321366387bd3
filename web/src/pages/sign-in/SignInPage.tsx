import { useTranslation } from 'react-i18next'
import { SignInForm } from '../../session/SignInForm.js'
import { SignInPreferences } from './SignInPreferences.js'

export function SignInPage() {
  const { t } = useTranslation()
  return (
    <main className="sign-in">
      <title>{`${t('signIn.title')} · ${t('app.name')}`}</title>
      <div className="panel">
        <div className="brand">
          <img src="/icon.svg" alt="" />
          {t('app.name')}
        </div>
        <h1>{t('signIn.title')}</h1>
        <p className="dim">{t('signIn.intro')}</p>
        <SignInForm />
      </div>
      <SignInPreferences />
    </main>
  )
}
