import {
  type Icon,
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

export interface NavigationPage {
  readonly to: string
  readonly name: 'overview' | 'affinities' | 'savings' | 'mappings' | 'pools' | 'configuration' | 'audit'
  readonly Icon: Icon
  /** On a phone, where the names of all pages would touch, it stands in the menu of the others. */
  readonly isRare?: true
}

const Preferences = part(async () => (await import('./Preferences.js')).Preferences)

const MorePages = part(async () => (await import('./MorePages.js')).MorePages)

const PAGES = [
  { to: '/', name: 'overview', Icon: IconGauge },
  { to: '/affinities', name: 'affinities', Icon: IconPinned },
  { to: '/savings', name: 'savings', Icon: IconCoin },
  { to: '/mappings', name: 'mappings', Icon: IconArrowsShuffle, isRare: true },
  { to: '/pool-sessions', name: 'pools', Icon: IconUsersGroup, isRare: true },
  { to: '/configuration', name: 'configuration', Icon: IconSettings, isRare: true },
  { to: '/audit', name: 'audit', Icon: IconClipboardList },
] as const satisfies readonly NavigationPage[]

export function Navigation() {
  const { t } = useTranslation()
  const absent = useAbsentPages()
  const pages: readonly NavigationPage[] = PAGES.filter(({ name }) => !absent.has(name))
  return (
    <header className="side">
      <Link to="/" className="brand">
        <img src="/icon.svg" alt="" />
        {t('app.name')}
      </Link>
      <nav className="nav" aria-label={t('app.navigation')}>
        {pages.map(({ to, name, Icon, isRare }) => (
          <NavLink key={to} to={to} end={to === '/'} className={isRare ? 'not-phone' : ''}>
            <Icon size={17} stroke={1.7} aria-hidden="true" />
            {t(`nav.${name}`)}
          </NavLink>
        ))}
        <GraphiqlLink />
        <Suspense fallback={null}>
          <MorePages pages={pages.filter(({ isRare }) => isRare)} />
        </Suspense>
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
