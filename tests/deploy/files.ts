import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'

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

/** A program in PATH, or undefined. */
export const findProgram = (name: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find((file) => existsSync(file))

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
