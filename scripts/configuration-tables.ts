import type { Variable } from '../src/config/kinds.js'
import { THEMES } from '../src/config/variables.js'

const TABLE =
  /(<!-- variables of the ([a-z ]+): made by `npm run schema` from src\/config -->\n)[\s\S]*?(<!-- end -->)/g

/** Replaces the tables in the text of docs/configuration.md by those of src/config; the other text is written by hand. */
export function configurationTables(page: string): string {
  const themes: Readonly<Record<string, Readonly<Record<string, Variable>>>> = THEMES
  const made = new Set<string>()
  const result = page.replaceAll(TABLE, (_, begin: string, theme: string, end: string) => {
    made.add(theme)
    return `${begin}\n${table(themes[theme] ?? {})}\n\n${end}`
  })
  const missing = Object.keys(themes).filter((theme) => !made.has(theme))
  if (missing.length > 0)
    throw new Error(`The page has no table of the variables of the ${missing.join(', ')}.`)
  return result
}

const table = (variables: Readonly<Record<string, Variable>>): string =>
  ['| variable | default | meaning |', '|---|---|---|', ...Object.entries(variables).map(row)].join('\n')

const row = ([name, { default: fallback, description }]: [string, Variable]): string =>
  `| \`${name}\` | ${fallback === undefined ? '' : `\`${fallback}\` `}| ${description.replaceAll('|', '\\|')} |`
