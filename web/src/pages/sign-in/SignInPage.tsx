import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { leavePage } from '../../app/arrival.js'
import { usePageTitle } from '../../components/Page.js'
import { DemoHint } from '../../gateway/DemoHint.js'
import { SignInForm } from '../../session/SignInForm.js'
import { SignInPreferences } from './SignInPreferences.js'

export function SignInPage() {
  const { t } = useTranslation()
  usePageTitle(t('signIn.title'))
  useEffect(leavePage, [])
  return (
    <main className="sign-in">
      <div className="panel">
        <div className="brand">
          <img src="/icon.svg" alt="" />
          {t('app.name')}
        </div>
        <h1>{t('signIn.title')}</h1>
        <p className="dim">{t('signIn.intro')}</p>
        <SignInForm autoFocus />
        <DemoHint />
      </div>
      <SignInPreferences />
    </main>
  )
}
