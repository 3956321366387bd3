import { Loader } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { ClearProgress } from './run-clear.js'

interface ClearWorkingProps {
  readonly name: 'counting' | 'clearing'
  readonly progress: ClearProgress | null
}

export function ClearWorking({ name, progress }: ClearWorkingProps) {
  const { t } = useTranslation()
  return (
    <div className="clear-working" role="status">
      <Loader size="sm" />
      <span>
        {t(`clears.${name}`)} {progress && t('clears.progress', { ...progress })}
      </span>
    </div>
  )
}
