import {
  IconArrowsShuffle,
  IconClipboardList,
  IconCoin,
  IconGauge,
  IconPinned,
  IconSettings,
  IconUsersGroup,
} from '@tabler/icons-react'
import { Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, NavLink } from 'react-router'
import { useAbsentPages } from '../gateway/use-gateway.js'
import { ConnectionState } from './Connection.js'
import { GraphiqlLink } from './GraphiqlLink.js'
import { part } from './part.js'

const Preferences = part(async () => (await import('./Preferences.js')).Preferences)

const PAGES = [
  { to: '/', name: 'overview', Icon: IconGauge },
  { to: '/affinities', name: 'affinities', Icon: IconPinned },
  { to: '/savings', name: 'savings', Icon: IconCoin },
  { to: '/mappings', name: 'mappings', Icon: IconArrowsShuffle },
  { to: '/pool-sessions', name: 'pools', Icon: IconUsersGroup },
  { to: '/configuration', name: 'configuration', Icon: IconSettings },
  { to: '/audit', name: 'audit', Icon: IconClipboardList },
] as const

export function Navigation() {
  const { t } = useTranslation()
  const absent = useAbsentPages()
  return (
    <header className="side">
      <Link to="/" className="brand">
        <img src="/icon.svg" alt="" />
        {t('app.name')}
      </Link>
      <nav className="nav" aria-label={t('app.navigation')}>
        {PAGES.filter(({ name }) => !absent.has(name)).map(({ to, name, Icon }) => (
          <NavLink key={to} to={to} end={to === '/'}>
            <Icon size={17} stroke={1.7} aria-hidden="true" />
            {t(`nav.${name}`)}
          </NavLink>
        ))}
        <GraphiqlLink />
      </nav>
      <div className="side-foot">
        <span className="not-phone">
          <ConnectionState />
        </span>
        <Suspense fallback={<div className="viewer" />}>
          <Preferences />
        </Suspense>
      </div>
    </header>
  )
}
