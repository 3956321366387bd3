import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { all, contextRules, INSTRUCTIONS, STAGES } from './dockerfile.js'
import { ROOT, textOf } from './files.js'

const SERVICE = STAGES.get('service') ?? []

const SECRET = /PASSWORD|SECRET|TOKEN|KEY|DATABASE_URL|REDIS_URL/

describe('the container image', () => {
  it('has no line that this test does not understand', () => {
    expect(INSTRUCTIONS.filter(({ name }) => name === '')).toEqual([])
    expect([...STAGES.keys()]).toEqual(['build', 'dependencies', 'fixtures', 'service'])
  })

  it('is made from one image, which a digest fixes', () => {
    const images = new Set(all('FROM').map((rest) => rest.split(' ')[0] ?? ''))
    for (const stage of STAGES.keys()) images.delete(stage)
    expect([...images]).toEqual([expect.stringMatching(/^node:\d+\.\d+\.\d+-[a-z-]+@sha256:[\da-f]{64}$/)])
  })

  it('has a Node.js with long-term support, on which the tests can be run', () => {
    const [, major = ''] = /^node:(\d+)\./.exec(all('FROM')[0] ?? '') ?? []
    // Only even releases get it. The support of 22 ends in April 2027, and that of 24 in April 2028.
    expect(Number(major) % 2).toBe(0)
    expect(Number(major)).toBeGreaterThanOrEqual(24)
    expect(JSON.parse(textOf('package.json')).scripts['test:nodes'].split(' ')).toContain(major)
  })

  it('ends in the service, which runs as a numbered user that is not root', () => {
    expect([...STAGES.keys()].at(-1)).toBe('service')
    for (const name of ['service', 'fixtures']) {
      expect(all('USER', STAGES.get(name))).toEqual([expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/)])
    }
    const user = SERVICE.findIndex(({ name }) => name === 'USER')
    expect(SERVICE.slice(user).filter(({ name }) => ['RUN', 'COPY', 'ADD'].includes(name))).toEqual([])
  })

  it('is started without a shell between, so that SIGTERM reaches Node', () => {
    for (const name of ['service', 'fixtures']) {
      const [command = ''] = all('CMD', STAGES.get(name))
      expect(JSON.parse(command)).toEqual(expect.arrayContaining([expect.any(String)]))
    }
    expect(JSON.parse(all('CMD', SERVICE)[0] ?? '')).toContain('dist/main.js')
    expect(all('ENTRYPOINT')).toEqual([])
  })

  it('asks itself whether it is ready, by a script that parses', () => {
    const [check = ''] = all('HEALTHCHECK', SERVICE)
    const [program, flag, script] = JSON.parse(/CMD (\[.+\])$/.exec(check)?.[1] ?? '[]')
    expect([program, flag]).toEqual(['node', '-e'])
    expect(script).toContain('/health/ready')
    expect(() => new Function(script)).not.toThrow()
  })

  it('holds no secret and takes none as an argument', () => {
    expect(all('ARG')).toEqual([])
    expect(all('ADD')).toEqual([])
    const names = all('ENV').flatMap((rest) => [...rest.matchAll(/(\w+)=/g)].map(([, name = '']) => name))
    expect(names).toContain('NODE_ENV')
    expect(names.filter((name) => SECRET.test(name))).toEqual([])
  })

  it('installs what the lockfile says, and of the service’s own packages only those that it runs', () => {
    const installs = all('RUN').filter((rest) => rest.includes('npm '))
    expect(installs.filter((rest) => /npm (install|i)\b|npx/.test(rest))).toEqual([])
    expect(all('RUN', STAGES.get('dependencies'))).toEqual([expect.stringMatching(/^npm ci --omit=dev\b/)])
    expect(all('COPY', SERVICE)).toContain('--from=dependencies /app/node_modules node_modules')
  })

  it('copies files that exist, and that .dockerignore lets through', () => {
    const { through } = contextRules()
    const sources = all('COPY')
      .filter((rest) => !rest.startsWith('--from='))
      .flatMap((rest) => rest.split(/\s+/).slice(0, -1))
    expect(sources.length).toBeGreaterThan(10)
    expect(sources.filter((source) => !existsSync(join(ROOT, source)))).toEqual([])
    const stopped = sources.filter((source) =>
      through.every((path) => path !== source && !source.startsWith(`${path}/`)),
    )
    expect(stopped).toEqual([])
    // And lets nothing through that is not copied.
    expect(through.filter((path) => !sources.includes(path))).toEqual([])
  })

  it('copies from stages what these have', () => {
    const copied = all('COPY').filter((rest) => rest.startsWith('--from='))
    for (const rest of copied) {
      const [, stage = '', path = ''] = /^--from=(\w+) (\S+)/.exec(rest) ?? []
      expect([...STAGES.keys()]).toContain(stage)
      expect(['/app/node_modules', '/app/dist']).toContain(posix.normalize(path))
    }
  })
})
