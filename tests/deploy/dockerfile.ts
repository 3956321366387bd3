import { textOf } from './files.js'

export interface Instruction {
  readonly name: string
  readonly rest: string
}

/** The Dockerfile's lines: comments out, continued lines joined. */
export const INSTRUCTIONS: readonly Instruction[] = textOf('Dockerfile')
  .replace(/^\s*#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => {
    const [, name = '', rest = ''] = /^([A-Z]+)\s+(.+)$/.exec(line) ?? []
    return { name, rest }
  })

export const all = (name: string, instructions = INSTRUCTIONS): string[] =>
  instructions.filter((each) => each.name === name).map(({ rest }) => rest)

/** What follows each `FROM … AS name`, with it. */
export const STAGES: ReadonlyMap<string, readonly Instruction[]> = stagesOf(INSTRUCTIONS)

function stagesOf(instructions: readonly Instruction[]): Map<string, Instruction[]> {
  const stages = new Map<string, Instruction[]>()
  for (const instruction of instructions) {
    if (instruction.name === 'FROM') stages.set(/ AS (\w+)$/.exec(instruction.rest)?.[1] ?? '', [])
    ;[...stages.values()].at(-1)?.push(instruction)
  }
  return stages
}

/** The lines of .dockerignore: what is let through after `*`, and what of that is stopped again. */
export function contextRules(): { readonly through: readonly string[]; readonly stopped: readonly string[] } {
  const [everything, ...lines] = textOf('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  if (everything !== '*') throw new Error('.dockerignore does not begin by stopping everything')
  return {
    through: lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1)),
    stopped: lines.filter((line) => !line.startsWith('!')),
  }
}
