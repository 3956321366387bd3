import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { findProgram } from '../../scripts/ensure-services.mjs'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** Every document of a YAML file, read as YAML 1.2; a repeated key is an error. */
export function yamlOf(path: string): unknown[] {
  return parseAllDocuments(textOf(path), { uniqueKeys: true }).map((document) => {
    const [error] = document.errors
    if (error) throw error
    return document.toJS()
  })
}

/** The path of a program that the tests cannot do without. */
export function programNamed(name: string): string {
  const program = findProgram(name)
  if (program === undefined)
    throw new Error(`${name} is not installed: node scripts/ensure-services.mjs --tests`)
  return program
}

/** What follows this path of keys; undefined where there is nothing. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let here = value
  for (const key of path)
    here = typeof here === 'object' && here !== null ? Reflect.get(here, key) : undefined
  return here
}

export const listAt = (value: unknown, ...path: readonly (string | number)[]): unknown[] => {
  const found = at(value, ...path)
  return Array.isArray(found) ? found : []
}
