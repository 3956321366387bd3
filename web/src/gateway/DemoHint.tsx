import { useTranslation } from 'react-i18next'
import { DEMO_GATEWAYS, useDemo } from './use-demo.js'

/** In the demo, the hint says which gateway is played, and how to see the others. */
export function DemoHint() {
  const { t } = useTranslation()
  const demo = useDemo()
  if (demo === undefined) return null
  const others = DEMO_GATEWAYS.filter((word) => word !== demo).map((word) => `DEMO_GATEWAY=${word}`)
  return (
    <p className="hint">{t('gateway.demo', { demo, first: others[0] ?? '', second: others[1] ?? '' })}</p>
  )
}
