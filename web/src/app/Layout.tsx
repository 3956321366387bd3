import { Suspense, useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { Outlet, useLocation } from 'react-router'
import { watchSilence } from '../api/connectivity.js'
import { ClearHost } from '../clears/ClearHost.js'
import { useSessionEnd } from '../session/use-session.js'
import { ConnectionLost } from './Connection.js'
import { Loading } from './Loading.js'
import { Navigation } from './Navigation.js'
import { PageBoundary } from './PageFailure.js'
import { Shortcuts } from './Shortcuts.js'

export function Layout() {
  const { t } = useTranslation()
  const { pathname } = useLocation()
  useSessionEnd()
  useEffect(watchSilence, [])
  return (
    <div className="frame">
      <a className="skip" href="#content">
        {t('app.skip')}
      </a>
      <Navigation />
      <main className="main" id="content" tabIndex={-1}>
        <PageBoundary page={pathname}>
          <Suspense fallback={<Loading />}>
            <Outlet />
          </Suspense>
        </PageBoundary>
      </main>
      <ClearHost />
      <ConnectionLost />
      <Shortcuts />
    </div>
  )
}
