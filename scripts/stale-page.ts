import type { Rules } from '../src/gateway/aether/scheduler/rules/rule.js'
import { RULES } from '../src/gateway/aether/scheduler/rules.js'
import type { Generation } from '../src/gateway/gateway.js'

/** Recorded worlds in which the real scheduler did otherwise than the rules say, each with the reason why it stays so. */
export const NOT_MODELLED: readonly { readonly why: string; readonly worlds: readonly string[] }[] = [
  {
    why: 'An owner whose `used_usd` is null fails the quota’s comparison, so that the gateway refuses him. Gateways write 0 there, and null counts as 0 here.',
    worlds: ['open-114'],
  },
  {
    why: 'A `scheduling_mode` that is a number in place of a text breaks every request. The mode is said once beside every list, and is no reason of a pin.',
    worlds: ['open-121', 'open-308', 'open-314'],
  },
  {
    why: 'The scheduler reads providers in pages of 20. Behind 20 providers with higher priority that cannot serve the model it never reaches the pinned one. What it does depends on all other providers, not on the pin.',
    worlds: ['open-138', 'open-140'],
  },
]

const TITLES: Readonly<Record<Generation, string>> = {
  ENDPOINT_KEYS: 'ENDPOINT_KEYS: Python 0.1 to 0.2',
  PROVIDER_KEYS: 'PROVIDER_KEYS: Python 0.3 to 0.6',
  PROCESS_MEMORY: 'PROCESS_MEMORY: Rust, from 0.7',
}

const NOTES: Readonly<Record<Generation, string>> = {
  ENDPOINT_KEYS:
    'Lists of the API key and of its owner set no limit while they are null or empty. If both are given, what is literally in both counts: an id on one side and a name on the other have nothing in common. The names that clients may ask for lead to a model first through `models.provider_model_name` of any active provider, and then through the global name. A name of several models leads to any of them, so that it is left out.',
  PROVIDER_KEYS:
    'Lists of providers and formats set no limit while they are null or empty. Lists of models set none while they are null, and allow nothing while they are empty. Patterns of administrators run in time that is linear in the text (RE2); one that is invalid or longer than 500 characters matches nothing. Quotas are in wallets, which are not read.',
  PROCESS_MEMORY:
    'Routing reads the memory of the process, so that Redis tells what was pinned there. Access lists and formats are no reasons, since policies of groups add up in ways that columns do not show.',
}

const TEXT = `# When is a pin stale?

A pin is **USABLE** if some request of its API key, format and model gets the pinned target, whatever else the request carries. It
is **CONDITIONAL** if only some kinds of requests do: \`conditions\` says which. It is **STALE** if none does: \`staleReasons\`
says every reason that holds. \`filter: { stale: false }\` selects USABLE and CONDITIONAL.

Stale is what the gateway's own scheduler would do, and each generation of gateways has rules of its own. The tables below
are the ones by which the service judges. They were held against the real schedulers: all recorded worlds but those at the
end of this page agree. Times compare with the database's clock. A reason whose column a gateway has not is not told.

The scheduling mode is no reason: \`gateway.pinsAreHonoured\` says once whether pins are read at all.

No generation looks at a provider key's \`expires_at\`, health or limits, or at a provider's quota. So PROVIDER_KEY_EXPIRED is
never given.
`

/** The page docs/stale.md: the rules by which pins are judged, as tables. */
export const stalePage = (): string =>
  [
    '<!-- made by `npm run schema` from src/gateway/aether/scheduler/rules/ and scripts/stale-page.ts -->\n',
    TEXT,
    ...(Object.keys(TITLES) as Generation[]).map(
      (generation) => `## ${TITLES[generation]}\n\n${NOTES[generation]}\n\n${tables(RULES[generation])}\n`,
    ),
    '## Not modelled\n\nThe schedulers of these recorded worlds did otherwise than the rules say:\n',
    ...NOT_MODELLED.map(({ why, worlds }) => `- ${worlds.join(', ')}: ${why}`),
  ].join('\n')

const tables = ({ reasons, conditions }: Rules): string =>
  [...table('reason', reasons), '', ...table('condition', conditions)].join('\n')

const table = (head: string, rows: readonly { readonly name: string; readonly when: string }[]): string[] => [
  `| ${head} | holds when |`,
  '|---|---|',
  ...rows.map(({ name, when }) => `| ${name} | ${when.replaceAll('|', '\\|')} |`),
]
