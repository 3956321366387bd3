import { ApolloProvider } from '@apollo/client/react'
import { MantineProvider } from '@mantine/core'
import { Suspense } from 'react'
import { BrowserRouter, Route, Routes } from 'react-router'
import { client } from '../api/client.js'
import { useStore } from '../hooks/store.js'
import { sessionStore } from '../session/session.js'
import { Layout } from './Layout.js'
import { Loading } from './Loading.js'
import { NotFound } from './NotFound.js'
import { PageBoundary } from './PageFailure.js'
import { part } from './part.js'
import { cssVariablesResolver, theme } from './theme.js'

/** Each page is fetched when it is first opened; the charts come with the page that draws them. */
const OverviewPage = part(async () => (await import('../pages/overview/OverviewPage.js')).OverviewPage)
const AffinitiesPage = part(
  async () => (await import('../pages/affinities/AffinitiesPage.js')).AffinitiesPage,
)
const CountsPage = part(async () => (await import('../pages/counts/CountsPage.js')).CountsPage)
const ProviderPage = part(async () => (await import('../pages/provider/ProviderPage.js')).ProviderPage)
const MappingsPage = part(async () => (await import('../pages/mappings/MappingsPage.js')).MappingsPage)
const PoolsPage = part(async () => (await import('../pages/pools/PoolsPage.js')).PoolsPage)
const SavingsPage = part(async () => (await import('../pages/savings/SavingsPage.js')).SavingsPage)
const ConfigurationPage = part(
  async () => (await import('../pages/configuration/ConfigurationPage.js')).ConfigurationPage,
)
const AuditPage = part(async () => (await import('../pages/audit/AuditPage.js')).AuditPage)
const SignInPage = part(async () => (await import('../pages/sign-in/SignInPage.js')).SignInPage)
const ExpiredSession = part(async () => (await import('../session/ExpiredSession.js')).ExpiredSession)

export function App() {
  const { session, expired } = useStore(sessionStore)
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariablesResolver} defaultColorScheme="auto">
      <ApolloProvider client={client}>
        <PageBoundary page={session ? 'signed in' : 'signed out'}>
          {session ? (
            // In a transition a second change of the address would start from the page drawn before the first, and undo it.
            <BrowserRouter useTransitions={false}>
              <Routes>
                <Route element={<Layout />}>
                  <Route index element={<OverviewPage />} />
                  <Route path="affinities" element={<AffinitiesPage />} />
                  <Route path="counts/:by" element={<CountsPage />} />
                  <Route path="savings" element={<SavingsPage />} />
                  <Route path="providers/:id" element={<ProviderPage />} />
                  <Route path="mappings" element={<MappingsPage />} />
                  <Route path="pool-sessions" element={<PoolsPage />} />
                  <Route path="configuration" element={<ConfigurationPage />} />
                  <Route path="audit" element={<AuditPage />} />
                  <Route path="*" element={<NotFound />} />
                </Route>
              </Routes>
            </BrowserRouter>
          ) : (
            <Suspense fallback={<Loading />}>
              <SignInPage />
            </Suspense>
          )}
          <Suspense>{expired && <ExpiredSession />}</Suspense>
        </PageBoundary>
      </ApolloProvider>
    </MantineProvider>
  )
}
