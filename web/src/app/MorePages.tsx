import { Menu, UnstyledButton } from '@mantine/core'
import { IconDots } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Link, useLocation } from 'react-router'
import type { NavigationPage } from './Navigation.js'

/** The pages that have no place of their own on a phone. */
export function MorePages({ pages }: { readonly pages: readonly NavigationPage[] }) {
  const { t } = useTranslation()
  const { pathname } = useLocation()
  const isHere = ({ to }: NavigationPage) => pathname === to
  return (
    <Menu position="top-end" withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <UnstyledButton className="more-pages" data-here={pages.some(isHere) || undefined}>
          <IconDots size={17} stroke={1.7} aria-hidden="true" />
          {t('nav.more')}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {pages.map((page) => (
          <Menu.Item
            key={page.to}
            component={Link}
            to={page.to}
            aria-current={isHere(page) ? 'page' : undefined}
            leftSection={<page.Icon size={17} stroke={1.7} aria-hidden="true" />}
          >
            {t(`nav.${page.name}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
