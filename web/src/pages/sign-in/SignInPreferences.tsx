import { Button, Group } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { chooseLanguage, LANGUAGES, type Language } from '../../i18n/i18n.js'

const LANGUAGE_TAGS = Object.keys(LANGUAGES) as Language[]

export function SignInPreferences() {
  const { i18n } = useTranslation()
  return (
    <Group gap="xs" justify="center">
      {LANGUAGE_TAGS.filter((tag) => tag !== i18n.language).map((tag) => (
        <Button
          key={tag}
          lang={tag}
          size="compact-xs"
          variant="subtle"
          onClick={() => void chooseLanguage(tag)}
        >
          {LANGUAGES[tag]}
        </Button>
      ))}
    </Group>
  )
}
