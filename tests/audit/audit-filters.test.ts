import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuditSelection } from '../../src/audit/audit-conditions.js'
import {
  clearedCountOf,
  dryRunOf,
  type EventOutcome,
  TARGET_KINDS,
  type TargetKind,
  targetKindOf,
} from '../../src/audit/audit-facts.js'
import { type AuditLog, type AuditReader, createAuditReader } from '../../src/audit/audit-reader.js'
import {
  AUDIT_ACTIONS,
  type AuditAction,
  actionAndActorOf,
  descriptionOf,
  targetIdOf,
} from '../../src/audit/audit-store.js'
import { createPgDatabase, type Database } from '../../src/postgres/database.js'
import { createReadingPrisma } from '../../src/postgres/database-errors.js'
import { freshDatabase } from '../support/servers/shared.js'

const NOW = Date.UTC(2030, 0, 1)
const MINUTE = 60_000
const OUTCOMES: readonly EventOutcome[] = ['RUNNING', 'SUCCEEDED', 'FAILED', 'REFUSED', 'UNKNOWN']
const KINDS: readonly TargetKind[] = [...new Set(Object.values(TARGET_KINDS))]

/** Metadata of every shape that a row of ours can have, also after somebody has changed it. */
const shapesOf = (action: AuditAction): readonly object[] => {
  const done = { action, actor: 'carol', outcome: 'done', status_code: 200 }
  const typed = { identifier: 'bob', providerId: 'p', modelName: 'm', email: 'e' }
  return [
    {
      ...done,
      arguments: { ...typed, dryRun: false },
      result: { clearedCount: 3, userId: 'u', apiKeyId: 'k' },
    },
    { ...done, arguments: { ...typed, dryRun: true }, result: { clearedCount: 0 } },
    { ...done, arguments: {}, status_code: 403, result: { clearedCount: 0 } },
    { ...done, arguments: typed, status_code: 503, result: { clearedCount: 2, userId: null } },
    { action, actor: 'dave', outcome: 'done', arguments: typed },
    { action, actor: 'dave', outcome: 'pending', instance: 'one that runs', arguments: { dryRun: 'true' } },
    { action, actor: 'dave', outcome: 'pending', instance: 'one that ended', arguments: typed },
    { action, actor: 'dave', outcome: 'pending', instance: 'one that runs', beat: NOW - 4 * MINUTE },
    { action, actor: 'dave', outcome: 'pending', instance: 'one that runs', beat: NOW - 11 * MINUTE },
    { action, actor: 'dave', outcome: 'pending', instance: 'one that ended', beat: NOW - 4 * MINUTE },
    { action, actor: 'dave', outcome: 'pending', instance: 7, beat: 'now' },
    { action, actor: 'dave', outcome: 'pending' },
    { action, actor: 'dave', outcome: 7, arguments: { identifier: 5 } },
    { actor: 'erin', arguments: { dryRun: true, identifier: 'bob' } },
    [action],
  ]
}

/** No action runs for a day, whatever its event says. */
const agesOf = (shape: object): readonly number[] => [
  5 * MINUTE,
  20 * MINUTE,
  ...('beat' in shape ? [25 * 60 * MINUTE] : []),
]

describe('a filter of audit events finds the events whose fields say so', () => {
  let database: Database
  let reader: AuditReader
  let rows: readonly AuditLog[]
  beforeAll(async () => {
    database = createPgDatabase({ url: freshDatabase('schema') })
    reader = createAuditReader(createReadingPrisma(database.prisma), {
      now: () => NOW,
      hasEnded: (instance) => instance === 'one that ended',
    })
    const data = AUDIT_ACTIONS.flatMap((action) =>
      shapesOf(action).flatMap((eventMetadata, shape) =>
        agesOf(eventMetadata).flatMap((age) =>
          ['request_success', 'request_failed'].map((eventType) => ({
            id: randomUUID(),
            eventType,
            description: descriptionOf(action),
            eventMetadata,
            createdAt: new Date(NOW - age - shape),
          })),
        ),
      ),
    )
    await database.prisma.auditLog.createMany({ data })
    await database.prisma.auditLog.create({
      data: {
        id: randomUUID(),
        eventType: 'request_failed',
        description: 'clearAllCache via affinityql',
        createdAt: new Date(NOW - 1),
      },
    })
    rows = (await database.prisma.auditLog.findMany()) as AuditLog[]
    await database.prisma.auditLog.create({
      data: {
        id: 'gateway',
        eventType: 'request_failed',
        description: 'DELETE /api',
        createdAt: new Date(NOW),
        eventMetadata: shapesOf('admin_login')[0] ?? {},
      },
    })
  })
  afterAll(() => database.close())

  type Case = readonly [name: string, selection: AuditSelection, holds: (row: AuditLog) => boolean]
  const cases: readonly Case[] = [
    ['nothing asked', {}, () => true],
    ...OUTCOMES.map(
      (outcome) =>
        [
          `outcome ${outcome}`,
          { outcome },
          (row: AuditLog) => reader.outcomeOf(row) === outcome,
        ] satisfies Case,
    ),
    ...KINDS.map(
      (targetKind) =>
        [
          `kind ${targetKind}`,
          { targetKind },
          (row: AuditLog) => targetKindOf(row) === targetKind,
        ] satisfies Case,
    ),
    ...['bob', 'u', 'k', 'p', 'm', 'e'].map(
      (targetId) =>
        [`target ${targetId}`, { targetId }, (row: AuditLog) => targetIdOf(row) === targetId] satisfies Case,
    ),
    ...[true, false].map(
      (dryRun) =>
        [`dry run ${dryRun}`, { dryRun }, (row: AuditLog) => dryRunOf(row) === dryRun] satisfies Case,
    ),
    ['actor', { actor: 'dave' }, (row) => actionAndActorOf(row).actor === 'dave'],
    [
      'times',
      { since: new Date(NOW - 20 * MINUTE - 5), until: new Date(NOW - 5 * MINUTE - 5) },
      ({ createdAt }) =>
        createdAt.getTime() >= NOW - 20 * MINUTE - 5 && createdAt.getTime() < NOW - 5 * MINUTE - 5,
    ],
    [
      'several at once',
      {
        actions: ['cache_clear_user', 'cache_clear_api_key'],
        outcome: 'FAILED',
        dryRun: false,
        targetKind: 'API_KEY',
      },
      (row) =>
        reader.outcomeOf(row) === 'FAILED' &&
        !dryRunOf(row) &&
        targetKindOf(row) === 'API_KEY' &&
        ['cache_clear_user', 'cache_clear_api_key'].includes(actionAndActorOf(row).action),
    ],
  ]

  it.each(cases)('%s', async (_name, selection, holds) => {
    const page = reader.page({ first: 1_000, selection }, {})
    const expected = rows.filter(holds).map(({ id }) => id)
    expect(expected.length).toBeGreaterThan(0)
    expect((await page.items()).map(({ id }) => id).sort()).toEqual(expected.sort())
    expect(await page.totalCount()).toBe(expected.length)
  })

  it('counts what a clear removed, and nothing where nobody knows', () => {
    expect(new Set(rows.map(clearedCountOf))).toEqual(new Set([3, 0, 2, null]))
  })
})
