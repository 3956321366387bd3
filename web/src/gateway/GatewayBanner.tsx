import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { useFormat } from '../hooks/use-format.js'
import { DemoHint } from './DemoHint.js'
import { PinsIgnored } from './PinsIgnored.js'
import { type KnownGateway, useGateway } from './use-gateway.js'

const EVERY_MS = 60_000

/** The banner says beside which gateway this service stands, what a clear does there, and what does not work. */
export function GatewayBanner() {
  const { t, i18n } = useTranslation()
  const format = useFormat()
  const gateway = useGateway(EVERY_MS)
  if (!gateway) return null
  const { generation, nodes, clearPath, clearProblem, clearsAtOnce } = gateway
  const parts = [
    t(`gateway.kinds.${generation}`),
    ...(nodes.length > 0
      ? [t('gateway.nodes', { count: nodes.length, replace: { count: format.number(nodes.length) } })]
      : []),
    t(`gateway.clears.${clearPath}`),
  ]
  const stays = clearPath !== 'NONE' && !clearsAtOnce ? t('gateway.stays') : undefined
  // The server writes English.
  const problem = i18n.language === 'en' ? clearProblem : clearProblem && problemOf(gateway, t)
  return (
    <section className="panel gateway" aria-label={t('gateway.title')}>
      <p>
        {parts.join(t('gateway.comma'))}
        {stays !== undefined && t('gateway.semicolon') + stays}
      </p>
      {problem && (
        <p role="note" className="notice">
          {problem}
        </p>
      )}
      <PinsIgnored />
      <DemoHint />
    </section>
  )
}

/** What is wrong with clears, in the words of the catalogue. */
function problemOf({ clearPath, nodes }: KnownGateway, t: TFunction): string {
  if (clearPath !== 'GATEWAY_API') return t(`gateway.problems.${clearPath}`)
  const sentences = nodes.flatMap(({ url, reachable, canClear, alternates }) => [
    ...(reachable === false ? [t('gateway.problems.away', { url })] : []),
    ...(canClear === false ? [t('gateway.problems.refused', { url })] : []),
    ...(alternates === true ? [t('gateway.problems.alternates', { url })] : []),
  ])
  return sentences.join(' ') || t('gateway.problems.token')
}
