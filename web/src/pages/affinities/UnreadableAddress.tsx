import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Message } from '../../components/Message.js'
import type { ViewControl } from './view-state.js'

interface UnreadableAddressProps {
  readonly control: Pick<ViewControl, 'unreadable' | 'dropUnreadable'>
}

/** The message takes the place of a list that would be another than the address asks for. */
export function UnreadableAddress({ control }: UnreadableAddressProps) {
  const { t } = useTranslation()
  return (
    <div className="rows" role="alert">
      <Message title={t('affinities.unreadable')} hint={t('affinities.unreadableHint')}>
        <ul className="unreadable">
          {control.unreadable.map(({ name, value, takes }) => (
            <li key={`${name}=${value}`}>
              <span className="mono">{`${name}=${value}`}</span>{' '}
              {takes === null
                ? t('affinities.unknownParameter', { name })
                : t('affinities.parameterTakes', { name, values: takes.join(' | ') })}
            </li>
          ))}
        </ul>
        <Button size="xs" variant="default" onClick={control.dropUnreadable}>
          {t('affinities.dropUnreadable')}
        </Button>
      </Message>
    </div>
  )
}
