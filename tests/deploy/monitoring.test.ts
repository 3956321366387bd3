import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../src/server/observe/metrics.js'
import { at, listAt, programNamed, ROOT, textOf, yamlOf } from './files.js'

interface Metric {
  readonly type: string
  readonly labels: readonly string[]
}

/** The tables of docs/metrics.md. */
const DOCUMENTED = new Map<string, Metric>(
  [...textOf('docs/metrics.md').matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \|/gm)].map(
    ([, name = '', type = '', labels = '']) => [
      name,
      { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label) },
    ],
  ),
)

/** A histogram's series have the suffixes that Prometheus gives them. */
const metricOf = (series: string): Metric | undefined =>
  DOCUMENTED.get(series) ??
  (DOCUMENTED.get(series.replace(/_(bucket|sum|count)$/, ''))?.type === 'histogram'
    ? DOCUMENTED.get(series.replace(/_(bucket|sum|count)$/, ''))
    : undefined)

const rules = listAt(yamlOf('deploy/prometheus/alerts.yaml')[0], 'groups').flatMap((group) =>
  listAt(group, 'rules'),
)
const dashboard: unknown = JSON.parse(textOf('deploy/grafana/dashboard.json'))
const panels = listAt(dashboard, 'panels')
const alerts = rules.map((rule) => ({ name: String(at(rule, 'alert')), expr: String(at(rule, 'expr')) }))
const queries = panels.flatMap((panel) =>
  listAt(panel, 'targets').map((target) => ({
    name: String(at(panel, 'title')),
    expr: String(at(target, 'expr')),
  })),
)
const variables = listAt(dashboard, 'templating', 'list').flatMap((variable) => {
  const query = at(variable, 'definition')
  return typeof query === 'string' ? [{ name: String(at(variable, 'name')), expr: query }] : []
})

const seriesIn = (expr: string): string[] =>
  expr.match(/\b(affinityql|cache)_\w+/g)?.filter((name) => !/^cache_clear_/.test(name)) ?? []

describe.each([
  ['alert', alerts],
  ['panel', queries],
  ['variable', variables],
])('each %s', (_what, expressions) => {
  it('asks for metrics that docs/metrics.md has', () => {
    const unknown = expressions.flatMap(({ name, expr }) =>
      seriesIn(expr)
        .filter((series) => !metricOf(series))
        .map((series) => `${name}: ${series}`),
    )
    expect(expressions.length).toBeGreaterThan(0)
    expect(unknown).toEqual([])
  })

  it('asks for labels that these metrics have', () => {
    const wrong = expressions.flatMap(({ name, expr }) =>
      [...expr.matchAll(/\b(\w+)\{([^}]*)\}/g)].flatMap(([, series = '', matchers = '']) =>
        [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)]
          .map(([, label = '']) => label)
          .filter((label) => !['job', 'instance', 'le', ...(metricOf(series)?.labels ?? [])].includes(label))
          .map((label) => `${name}: ${series}{${label}}`),
      ),
    )
    expect(wrong).toEqual([])
  })
})

describe('the alert rules', () => {
  it('take rates of counters and of nothing else', () => {
    const wrong = [...alerts, ...queries].flatMap(({ name, expr }) =>
      [...expr.matchAll(/\b(?:rate|increase)\((\w+)/g)]
        .map(([, series = '']) => series)
        .filter((series) => !['counter', 'histogram'].includes(metricOf(series)?.type ?? ''))
        .filter((series) => !series.endsWith('_total'))
        .map((series) => `${name}: ${series}`),
    )
    expect(wrong).toEqual([])
  })

  it('say how urgent they are, and in words what is wrong', () => {
    for (const rule of rules) {
      expect(at(rule, 'labels', 'severity')).toMatch(/^(critical|warning|info)$/)
      expect(at(rule, 'annotations', 'summary')).toMatch(/\w/)
      expect(at(rule, 'annotations', 'description')).toMatch(/\.$/)
    }
    expect(new Set(alerts.map(({ name }) => name)).size).toBe(alerts.length)
  })

  it('know the outcomes that are counted', async () => {
    const metrics = createMetrics({ tables: [] })
    metrics.clearDone('cache_clear_user', 'failed', 0)
    expect(await metrics.registry.metrics()).toContain('outcome="failed"')
    const outcomes = alerts.flatMap(({ expr }) =>
      [...expr.matchAll(/outcome="(\w+)"/g)].map(([, outcome]) => outcome),
    )
    expect(
      outcomes.filter((outcome) => outcome !== 'failed' && !textOf('docs/api.md').includes(`\`${outcome}\``)),
    ).toEqual([])
  })

  it('have each a row in the troubleshooting guide', () => {
    const guide = textOf('docs/troubleshooting.md')
    expect(alerts.map(({ name }) => name).filter((name) => !guide.includes(`\`${name}\``))).toEqual([])
  })
})

describe('the dashboard', () => {
  it('has panels that do not overlap', () => {
    const cells = new Set<string>()
    for (const panel of panels) {
      const [x, y, w, h] = ['x', 'y', 'w', 'h'].map((key) => Number(at(panel, 'gridPos', key)))
      for (let column = x ?? 0; column < (x ?? 0) + (w ?? 0); column++) {
        for (let row = y ?? 0; row < (y ?? 0) + (h ?? 0); row++) {
          expect(column).toBeLessThan(24)
          expect(cells.has(`${column},${row}`), `${at(panel, 'title')} overlaps`).toBe(false)
          cells.add(`${column},${row}`)
        }
      }
    }
    expect(new Set(panels.map((panel) => at(panel, 'id'))).size).toBe(panels.length)
  })

  it('names no data source of its own: whoever imports it chooses one', () => {
    const sources = panels
      .flatMap((panel) => [panel, ...listAt(panel, 'targets')])
      .map((each) => at(each, 'datasource', 'uid'))
    expect(new Set(sources.filter((uid) => uid !== undefined))).toEqual(new Set([`\${datasource}`]))
  })
})

describe('promtool', () => {
  const run = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(programNamed('promtool'), args, {
      cwd: ROOT,
      encoding: 'utf8',
    })
    return status === 0 ? 'fine' : `${stdout}${stderr}`
  }

  it('takes the rules', () => {
    expect(run('check', 'rules', 'deploy/prometheus/alerts.yaml')).toBe('fine')
  })

  it('sees them fire when they should, and not otherwise', () => {
    expect(run('test', 'rules', 'tests/deploy/alerts.promtool.yaml')).toBe('fine')
  })

  it('takes the scrape configuration', () => {
    expect(run('check', 'config', '--syntax-only', 'deploy/prometheus/scrape.yaml')).toBe('fine')
  })

  it('understands every query of the dashboard', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'affinityql-promtool-')), 'queries.json')
    const filled = (expr: string) =>
      expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', 'job').replaceAll('$instance', 'instance')
    const records = queries.map(({ expr }, index) => ({ record: `query:${index}`, expr: filled(expr) }))
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: records }] }))
    expect(run('check', 'rules', file)).toBe('fine')
  })
})
