/** One line of a family: `name{label="value"} 1`. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Family {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly samples: readonly Sample[]
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"'
const HELP_LINE = new RegExp(`^# HELP (${NAME}) (.+)$`)
const TYPE_LINE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`)
const SAMPLE_LINE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (\\S+)$`)

/**
 * Reads the Prometheus text format 0.0.4 as strictly as it can be read: every family once, with HELP, TYPE and its own
 * samples together; no series twice; histograms that add up.
 * @throws Error with the line that breaks a rule
 */
export function parsePrometheus(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const families = new Map<string, Family>()
  for (const block of blocksOf(text)) {
    const family = parseFamily(block)
    if (families.has(family.name)) throw new Error(`${family.name} comes twice`)
    families.set(family.name, family)
  }
  return families
}

/** Each `# HELP` line with what follows it. */
function blocksOf(text: string): string[][] {
  const blocks: string[][] = []
  for (const line of text.split('\n').filter((each) => each !== '')) {
    if (line.startsWith('# HELP')) blocks.push([line])
    else if (blocks.length === 0) throw new Error(`before any HELP: ${line}`)
    else blocks.at(-1)?.push(line)
  }
  return blocks
}

function parseFamily([helpLine = '', typeLine = '', ...lines]: readonly string[]): Family {
  const help = HELP_LINE.exec(helpLine)
  const type = TYPE_LINE.exec(typeLine)
  if (!help?.[1] || !help[2]) throw new Error(`no HELP: ${helpLine}`)
  if (!type?.[2] || type[1] !== help[1]) throw new Error(`no TYPE after ${helpLine}: ${typeLine}`)
  const family = { name: help[1], help: help[2], type: type[2], samples: lines.map(parseSample) }
  checkSamples(family)
  return family
}

function parseSample(line: string): Sample {
  const [, name, labelText, value = ''] = SAMPLE_LINE.exec(line) ?? []
  if (!name) throw new Error(`no sample: ${line}`)
  if (!/^([+-]?(\d+(\.\d+)?(e[+-]?\d+)?|Inf)|Nan|NaN)$/i.test(value)) throw new Error(`no number: ${line}`)
  const labels: Record<string, string> = {}
  for (const [pair] of (labelText ?? '').matchAll(new RegExp(LABEL, 'g'))) {
    const at = pair.indexOf('=')
    const label = pair.slice(0, at)
    if (Object.hasOwn(labels, label)) throw new Error(`a label comes twice: ${line}`)
    labels[label] = pair.slice(at + 2, -1)
  }
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) }
}

const seriesOf = ({ name, labels }: Sample): string =>
  `${name} ${JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))}`

function checkSamples({ name, type, samples }: Family): void {
  const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
  const series = new Set<string>()
  for (const sample of samples) {
    if (!suffixes.some((suffix) => sample.name === name + suffix)) {
      throw new Error(`${sample.name} stands among the samples of ${name}`)
    }
    const id = seriesOf(sample)
    if (series.has(id)) throw new Error(`a series comes twice: ${id}`)
    series.add(id)
    if (type === 'counter' && !(sample.value >= 0)) throw new Error(`a counter below 0: ${id}`)
  }
  if (type === 'histogram') checkHistogram(name, samples)
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const groups = new Map<string, { buckets: [number, number][]; count?: number; hasSum: boolean }>()
  for (const sample of samples) {
    const { le, ...labels } = sample.labels
    const id = seriesOf({ ...sample, name, labels })
    const group = groups.get(id) ?? { buckets: [], hasSum: false }
    groups.set(id, group)
    if (sample.name === `${name}_sum`) group.hasSum = true
    else if (sample.name === `${name}_count`) group.count = sample.value
    else group.buckets.push([Number(le?.replace('Inf', 'Infinity')), sample.value])
  }
  for (const [id, { buckets, count, hasSum }] of groups) {
    const grows = buckets.every(([le, value], index) => {
      const [leBefore, valueBefore] = buckets[index - 1] ?? [Number.NEGATIVE_INFINITY, 0]
      return le > leBefore && value >= valueBefore
    })
    const [lastLe, lastValue] = buckets.at(-1) ?? []
    if (!grows || !hasSum || lastLe !== Number.POSITIVE_INFINITY || lastValue !== count) {
      throw new Error(`a histogram does not add up: ${id}`)
    }
  }
}
