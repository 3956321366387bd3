import '@mantine/core/styles.css'
import './app/app.css'
import { createRoot } from 'react-dom/client'
import { watchBrowserConnectivity } from './api/connectivity.js'
import { App } from './app/App.js'
import { startI18n } from './i18n/i18n.js'
import { SESSION_CHANNEL, shareSession } from './session/share-session.js'

watchBrowserConnectivity()
const root = document.getElementById('root')
if (root) {
  const shared = shareSession(new BroadcastChannel(SESSION_CHANNEL))
  void Promise.all([startI18n(), shared]).then(() => createRoot(root).render(<App />))
}
