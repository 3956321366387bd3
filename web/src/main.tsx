import '@mantine/core/styles.css'
import './app/app.css'
import { createRoot } from 'react-dom/client'
import { watchBrowserConnectivity } from './api/connectivity.js'
import { App } from './app/App.js'
import { startI18n } from './i18n/i18n.js'

watchBrowserConnectivity()
const root = document.getElementById('root')
if (root) void startI18n().then(() => createRoot(root).render(<App />))
