import { type MantineColorScheme, Menu, UnstyledButton, useMantineColorScheme } from '@mantine/core'
import { IconCheck, IconKeyboard, IconLogout, IconUserCircle } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Name } from '../components/Name.js'
import { useFormat } from '../hooks/use-format.js'
import { chooseLanguage, LANGUAGES, type Language } from '../i18n/i18n.js'
import { signOut } from '../session/sign-in.js'
import { useViewer } from '../session/use-session.js'
import { openShortcuts } from './Shortcuts.js'

const SCHEMES = { light: 'app.themeLight', dark: 'app.themeDark', auto: 'app.themeAuto' } as const
const LANGUAGE_TAGS = Object.keys(LANGUAGES) as Language[]
const SCHEME_NAMES = Object.keys(SCHEMES) as MantineColorScheme[]

export function Preferences() {
  const { t, i18n } = useTranslation()
  const { zone } = useFormat()
  const viewer = useViewer()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const mark = (on: boolean) => (on ? <IconCheck size={14} /> : <span style={{ width: 14 }} />)

  return (
    <Menu position="top-start" width={230} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <UnstyledButton aria-label={t('app.preferences')} className="viewer">
          <IconUserCircle size={18} stroke={1.6} aria-hidden="true" />
          <span className="truncate not-phone">
            <Name of={viewer?.name ?? t('app.preferences')} />
          </span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {viewer && (
          <Menu.Label>
            {t('app.signedInAs', { name: viewer.name })}
            <br />
            {viewer.canClear ? t('app.mayClear') : t('app.mayRead')}
          </Menu.Label>
        )}
        <Menu.Label>{t('app.timeZone', { zone })}</Menu.Label>
        <Menu.Divider />
        <Menu.Label>{t('app.language')}</Menu.Label>
        {LANGUAGE_TAGS.map((tag) => (
          <Menu.Item
            key={tag}
            lang={tag}
            leftSection={mark(i18n.language === tag)}
            onClick={() => void chooseLanguage(tag)}
          >
            {LANGUAGES[tag]}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Label>{t('app.theme')}</Menu.Label>
        {SCHEME_NAMES.map((name) => (
          <Menu.Item key={name} leftSection={mark(colorScheme === name)} onClick={() => setColorScheme(name)}>
            {t(SCHEMES[name])}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconKeyboard size={14} />} onClick={openShortcuts}>
          {t('app.shortcuts')}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={14} />} onClick={() => void signOut()}>
          {t('app.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
