import {
  DEFAULT_SWITCH_GROUPS,
  type SwitchGroup as GroupOfSwitches,
  type SwitchCostsAnswer,
  switchCosts,
} from '../resolvers/switch-costs.js'
import {
  type CauseCount,
  causesOf,
  hitRateSameKey,
  hitRateSwitched,
  switchesOf,
} from '../usage/switch-costs.js'
import type { SwitchSums } from '../usage/usage-chains.js'
import { builder } from './builder.js'
import { UsageFilter, UsageGrouping } from './cache-usage.js'
import { namesOfGroup, periodArguments, rowsOfGroup, timesFirst } from './usage-groups.js'

const SwitchSide = builder.enumType('SwitchSide', {
  description: 'The side says by which of its two requests a switch is grouped and filtered.',
  values: {
    FIRST: { description: 'The request before the switch counts: its provider key was left.' },
    SECOND: { description: 'The request after the switch counts: its provider key was switched to.' },
  } as const,
})

const SwitchCause = builder.enumType('SwitchCause', {
  description: 'The cause says why a switch took place, as far as rows tell: the first that holds.',
  values: {
    KEY_FAILED: {
      description: 'A request of the same API key failed in between at the key that was left.',
    },
    CLEARED: {
      description:
        'A clear of this instance removed the pin in between. It is known for an hour, of the latest 20,000 pins.',
    },
    KEY_INACTIVE: { description: 'The key that was left is inactive now.' },
    UNKNOWN: { description: 'Nothing tells why.' },
  } as const,
})

const SwitchCauseCount = builder.objectRef<CauseCount>('SwitchCauseCount').implement({
  description: 'This counts the switches of one cause.',
  fields: (t) => ({
    cause: t.expose('cause', { type: SwitchCause, description: 'The switches had this cause.' }),
    switches: t.exposeInt('switches', { description: 'There were so many of them, 1 or more.' }),
    costUsd: t.exposeFloat('costUsd', {
      nullable: true,
      description: 'They cost so many US dollars at list price; null if no switch’s cost is known.',
    }),
  }),
})

const SwitchFigures = builder.objectRef<SwitchSums>('SwitchFigures').implement({
  description:
    'These figures sum neighbouring requests of one API key, model, API format and session. A pair is two of them at most the TTL of the first one’s provider key apart; a switch is a pair that two provider keys answered.',
  fields: (t) => ({
    pairs: t.exposeInt('pairs', { description: 'There were so many pairs, 0 or more.' }),
    switches: t.int({
      description: 'So many pairs were switches, 0 or more.',
      resolve: (sums) => switchesOf(sums).switches,
    }),
    lostTokens: t.field({
      type: 'SafeInt',
      description:
        'The first requests had so many tokens in their cache that the second ones paid for anew, 0 or more. It is a lower bound where a format reports no tokens written.',
      resolve: (sums) => switchesOf(sums).lostTokens,
    }),
    costUsd: t.float({
      nullable: true,
      description:
        'The lost tokens cost so many US dollars more at list price than read from the cache; null if no switch’s cost is known.',
      resolve: (sums) => switchesOf(sums).costUsd,
    }),
    unpricedSwitches: t.int({
      description: 'So many switches lost tokens at unknown prices, 0 or more: the cost leaves them out.',
      resolve: (sums) => switchesOf(sums).unpricedSwitches,
    }),
    unknownPairs: t.exposeInt('unknownPairs', {
      description:
        'At least one request of so many neighbouring pairs names no provider key, 0 or more: they are neither pair nor switch.',
    }),
    unorderedPairs: t.exposeInt('unorderedPairs', {
      description:
        'So many neighbours were created at the same instant by different provider keys, 0 or more: they are neither pair nor switch.',
    }),
    hitRateSameKey: t.float({
      nullable: true,
      description:
        'The second requests of pairs that one provider key answered read this share of their input from the cache, 0 to 1; null if there are none.',
      resolve: hitRateSameKey,
    }),
    hitRateSwitched: t.float({
      nullable: true,
      description:
        'The second requests of switches read this share of their input from the cache, 0 to 1; null if there are none.',
      resolve: hitRateSwitched,
    }),
    byCause: t.field({
      type: [SwitchCauseCount],
      complexity: { field: 1, multiplier: 4 },
      description: 'These are the causes that occur, in the order in which they are looked for.',
      resolve: causesOf,
    }),
  }),
})

const SwitchGroup = builder.objectRef<GroupOfSwitches>('SwitchGroup').implement({
  description: 'A group is the neighbouring requests of one user, say, or of one provider key.',
  fields: (t) => ({
    ...namesOfGroup(t),
    figures: t.field({
      type: SwitchFigures,
      description: 'These figures sum the neighbours of the group.',
      resolve: ({ sums }) => sums,
    }),
    ...rowsOfGroup(t),
  }),
})

const SwitchCosts = builder.objectRef<SwitchCostsAnswer>('SwitchCosts').implement({
  description:
    'This says what it cost that sessions were switched from one provider key to another, by the gateway’s own usage rows.',
  fields: (t) => ({
    since: t.expose('since', { type: 'DateTime', description: 'The period begins with this time.' }),
    until: t.expose('until', { type: 'DateTime', description: 'The period ends before this time.' }),
    by: t.expose('by', { type: UsageGrouping, description: 'The switches are grouped by this.' }),
    sessionsKnown: t.exposeBoolean('sessionsKnown', {
      description:
        'False if several sessions may share a chain of requests, so that switches are an upper bound.',
    }),
    total: t.expose('total', { type: SwitchFigures, description: 'These figures sum all neighbours.' }),
    groupCount: t.exposeInt('groupCount', { description: 'There are so many groups, 0 or more.' }),
    groups: t.expose('groups', {
      type: [SwitchGroup],
      // The query multiplies by their number already.
      complexity: { field: 1, multiplier: 1 },
      description:
        'The groups come by cost, the dearest first and unknown ones last, then by key; hours and days oldest first.',
    }),
    others: t.expose('others', {
      type: SwitchFigures,
      description: 'These figures sum the groups that are not listed.',
    }),
  }),
})

builder.queryField('switchCosts', (t) =>
  t.field({
    type: SwitchCosts,
    nullable: true,
    authScopes: { $all: { viewer: true, permission: 'admin:usage:read' } },
    description:
      'This query sums what it cost that neighbouring requests were answered by different provider keys. It is null with NOT_AVAILABLE where the gateway has no usage rows.',
    args: {
      ...periodArguments(t.arg),
      by: t.arg({ type: UsageGrouping, required: true, description: 'The switches are grouped by this.' }),
      side: t.arg({
        type: SwitchSide,
        defaultValue: 'SECOND',
        description: 'The switches are grouped by this one of their two requests.',
      }),
      filter: t.arg({
        type: UsageFilter,
        description:
          'The filter selects requests; its provider and provider key select switches by their side.',
      }),
      first: t.arg.int({
        defaultValue: DEFAULT_SWITCH_GROUPS,
        description: 'At most so many groups are listed, 1 to 10,000.',
      }),
    },
    complexity: ({ first }) => timesFirst(first, DEFAULT_SWITCH_GROUPS),
    resolve: (_root, args, context) => switchCosts(args, context),
  }),
)
