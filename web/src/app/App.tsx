import { ApolloProvider } from '@apollo/client/react'
import { MantineProvider } from '@mantine/core'
import { lazy, Suspense } from 'react'
import { BrowserRouter, Route, Routes } from 'react-router'
import { client } from '../api/client.js'
import { useStore } from '../hooks/store.js'
import { sessionStore } from '../session/session.js'
import { Layout } from './Layout.js'
import { NotFound } from './NotFound.js'
import { cssVariablesResolver, theme } from './theme.js'

/** Each page is fetched when it is first opened; the charts come with the page that draws them. */
const OverviewPage = lazy(async () => ({
  default: (await import('../pages/overview/OverviewPage.js')).OverviewPage,
}))
const AffinitiesPage = lazy(async () => ({
  default: (await import('../pages/affinities/AffinitiesPage.js')).AffinitiesPage,
}))
const MappingsPage = lazy(async () => ({
  default: (await import('../pages/mappings/MappingsPage.js')).MappingsPage,
}))
const ConfigurationPage = lazy(async () => ({
  default: (await import('../pages/configuration/ConfigurationPage.js')).ConfigurationPage,
}))
const AuditPage = lazy(async () => ({ default: (await import('../pages/audit/AuditPage.js')).AuditPage }))
const SignInPage = lazy(async () => ({
  default: (await import('../pages/sign-in/SignInPage.js')).SignInPage,
}))
const ExpiredSession = lazy(async () => ({
  default: (await import('../session/ExpiredSession.js')).ExpiredSession,
}))

export function App() {
  const { session, expired } = useStore(sessionStore)
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariablesResolver} defaultColorScheme="auto">
      <ApolloProvider client={client}>
        {session ? (
          <BrowserRouter>
            <Routes>
              <Route element={<Layout />}>
                <Route index element={<OverviewPage />} />
                <Route path="affinities" element={<AffinitiesPage />} />
                <Route path="mappings" element={<MappingsPage />} />
                <Route path="configuration" element={<ConfigurationPage />} />
                <Route path="audit" element={<AuditPage />} />
                <Route path="*" element={<NotFound />} />
              </Route>
            </Routes>
          </BrowserRouter>
        ) : (
          <Suspense>
            <SignInPage />
          </Suspense>
        )}
        <Suspense>{expired && <ExpiredSession />}</Suspense>
      </ApolloProvider>
    </MantineProvider>
  )
}
