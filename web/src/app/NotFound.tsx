import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Message } from '../components/Message.js'
import { usePageTitle } from '../components/Page.js'

export function NotFound() {
  const { t } = useTranslation()
  usePageTitle(t('app.notFound'))
  return (
    <div className="content">
      <Message level={1} title={t('app.notFound')} hint={t('app.notFoundHint')}>
        <Button component={Link} to="/" variant="default" size="xs">
          {t('app.toOverview')}
        </Button>
      </Message>
    </div>
  )
}
