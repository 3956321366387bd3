import { useTranslation } from 'react-i18next'
import { useGateway } from './use-gateway.js'

const EVERY_MS = 60_000

/**
 * The notice says that the gateway's scheduling mode ignores all pins, once beside what shows pins: no verdict on a
 * single pin can say it.
 */
export function PinsIgnored() {
  const { t } = useTranslation()
  const gateway = useGateway(EVERY_MS)
  if (!gateway || gateway.pinsAreHonoured === true) return null
  return (
    <p role="note" className="notice">
      {gateway.pinsAreHonoured === null
        ? t('gateway.mayIgnorePins')
        : t('gateway.ignoresPins', { mode: gateway.schedulingMode ?? t('common.unknown') })}
    </p>
  )
}
