import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../support/servers/child.js'
import { at, listAt, programNamed, ROOT, textOf, yamlOf } from './files.js'

const SECRETS = ['DATABASE_URL', 'REDIS_URL', 'ENCRYPTION_KEY', 'JWT_SECRET_KEY', 'ADMIN_TOKENS']
/** A stop takes so long at most: 45 s for requests, clears and guard windows, 10 s for outcomes and the stores. */
const STOP_SECONDS = 55

/** What stands in the first column of the tables of docs/configuration.md. */
const DOCUMENTED = new Set(
  [...textOf('docs/configuration.md').matchAll(/`([A-Z][A-Z0-9_]+)`/g)].map(([, name]) => name),
)

describe('the compose file', () => {
  const [compose] = yamlOf('deploy/compose.yaml')
  const service = at(compose, 'services', 'affinityql')

  it('starts the service when both stores answer', () => {
    for (const store of ['postgres', 'redis']) {
      expect(at(service, 'depends_on', store, 'condition')).toBe('service_healthy')
      expect(at(compose, 'services', store, 'healthcheck', 'test', 0)).toBe('CMD')
      expect(at(compose, 'services', store, 'image')).toMatch(/^\w+:\d+\.\d+/)
    }
  })

  it('gives it no more rights than it needs, and time to stop', () => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      ports: [expect.stringMatching(/^127\.0\.0\.1:/)],
    })
    expect(Number.parseInt(String(at(service, 'stop_grace_period')), 10)).toBeGreaterThan(STOP_SECONDS)
  })

  it('builds stages that the Dockerfile has, and sets variables that are documented', () => {
    for (const name of ['affinityql', 'fixtures']) {
      const target = at(compose, 'services', name, 'build', 'target')
      expect(textOf('Dockerfile')).toContain(` AS ${target}\n`)
      expect(
        existsSync(
          join(ROOT, 'deploy', String(at(compose, 'services', name, 'build', 'context')), 'Dockerfile'),
        ),
      ).toBe(true)
      const variables = Object.keys(Object(at(compose, 'services', name, 'environment')))
      expect(variables.filter((variable) => !DOCUMENTED.has(variable))).toEqual([])
    }
  })

  it('loads the fixtures only where somebody asks for them', () => {
    expect(at(compose, 'services', 'fixtures', 'profiles')).toEqual(['fixtures'])
  })
})

describe('the Kubernetes example', () => {
  const documents = yamlOf('deploy/kubernetes/affinityql.yaml')
  const ofKind = (kind: string) => documents.find((document) => at(document, 'kind') === kind)
  const deployment = ofKind('Deployment')
  const pod = at(deployment, 'spec', 'template', 'spec')
  const container = at(pod, 'containers', 0)

  it('has one of each, under names and labels that find each other', () => {
    expect(documents.map((document) => at(document, 'kind'))).toEqual([
      'Deployment',
      'PersistentVolumeClaim',
      'Service',
      'PodDisruptionBudget',
      'NetworkPolicy',
    ])
    const labels = at(deployment, 'spec', 'template', 'metadata', 'labels')
    expect(labels).toEqual({ 'app.kubernetes.io/name': 'affinityql' })
    expect(at(deployment, 'spec', 'selector', 'matchLabels')).toEqual(labels)
    expect(at(ofKind('Service'), 'spec', 'selector')).toEqual(labels)
    expect(at(ofKind('PodDisruptionBudget'), 'spec', 'selector', 'matchLabels')).toEqual(labels)
    expect(at(ofKind('NetworkPolicy'), 'spec', 'podSelector', 'matchLabels')).toEqual(labels)
    expect(listAt(container, 'ports').map((port) => at(port, 'name'))).toEqual(['http'])
    expect(at(ofKind('Service'), 'spec', 'ports', 0, 'targetPort')).toBe('http')
    expect(at(pod, 'volumes', 0, 'persistentVolumeClaim', 'claimName')).toBe(
      at(ofKind('PersistentVolumeClaim'), 'metadata', 'name'),
    )
  })

  it('runs three, of which two stay up whatever is drained', () => {
    expect(at(deployment, 'spec', 'replicas')).toBe(3)
    expect(at(ofKind('PodDisruptionBudget'), 'spec', 'minAvailable')).toBe(2)
    expect(at(pod, 'terminationGracePeriodSeconds')).toBeGreaterThan(STOP_SECONDS)
  })

  it('restarts a process that hangs, and sends nobody to one whose stores are away', () => {
    expect(at(container, 'livenessProbe', 'httpGet')).toEqual({ path: '/health/live', port: 'http' })
    expect(at(container, 'readinessProbe', 'httpGet')).toEqual({ path: '/health/ready', port: 'http' })
    // A store is given 2 s to answer the probe.
    expect(at(container, 'readinessProbe', 'timeoutSeconds')).toBeGreaterThan(2)
  })

  it('runs unprivileged on a root file system that cannot be written', () => {
    expect(at(pod, 'securityContext')).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    expect(at(container, 'securityContext')).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(at(pod, 'automountServiceAccountToken')).toBe(false)
  })

  it('bounds the heap by the memory limit, with room for what is not in it', () => {
    const options = listAt(container, 'env').find((variable) => at(variable, 'name') === 'NODE_OPTIONS')
    const [, heapMiB = ''] = /^--max-old-space-size=(\d+)$/.exec(String(at(options, 'value'))) ?? []
    const [, limitMiB = ''] = /^(\d+)Mi$/.exec(String(at(container, 'resources', 'limits', 'memory'))) ?? []
    const share = Number(heapMiB) / Number(limitMiB)
    expect(share).toBeGreaterThanOrEqual(0.6)
    expect(share).toBeLessThanOrEqual(0.7)
    // Node.js takes it from the environment, and V8 obeys.
    const script = 'console.log(require("node:v8").getHeapStatistics().heap_size_limit / 2 ** 20)'
    const { stdout } = spawnSync(process.execPath, ['-e', script], {
      encoding: 'utf8',
      env: { NODE_OPTIONS: String(at(options, 'value')) },
    })
    expect(Number(stdout)).toBeGreaterThanOrEqual(Number(heapMiB))
    expect(Number(stdout)).toBeLessThan(Number(limitMiB))
  })

  it('lets the proxy and Prometheus in, and out to names and the stores alone', () => {
    const policy = at(ofKind('NetworkPolicy'), 'spec')
    expect(at(policy, 'policyTypes')).toEqual(['Ingress', 'Egress'])
    const ports = (direction: 'ingress' | 'egress') =>
      listAt(policy, direction).flatMap((rule) => listAt(rule, 'ports').map((port) => at(port, 'port')))
    expect(ports('ingress')).toEqual(['http'])
    expect(ports('egress')).toEqual([53, 53, 5432, 6379])
    for (const rule of listAt(policy, 'ingress')) {
      // A rule without `from`, or with an empty peer, would let everybody in.
      const peers = listAt(rule, 'from')
      expect(peers.length).toBeGreaterThan(0)
      for (const peer of peers) {
        expect(at(peer, 'namespaceSelector', 'matchLabels', 'kubernetes.io/metadata.name')).toMatch(/\w/)
      }
    }
  })

  it('sets documented variables alone, and takes secrets from a Secret', () => {
    const variables = listAt(container, 'env')
    const names = variables.map((variable) => String(at(variable, 'name')))
    expect(names.filter((name) => !DOCUMENTED.has(name))).toEqual([])
    expect(names).toEqual(expect.arrayContaining(SECRETS))
    for (const variable of variables.filter((each) => SECRETS.includes(String(at(each, 'name'))))) {
      expect(at(variable, 'value')).toBeUndefined()
      expect(at(variable, 'valueFrom', 'secretKeyRef', 'name')).toBe('affinityql')
    }
  })

  it('keeps the audit spool on a volume', () => {
    const spool = listAt(container, 'env').find((variable) => at(variable, 'name') === 'AUDIT_SPOOL_DIR')
    const [mount] = listAt(container, 'volumeMounts')
    expect(String(at(spool, 'value')).startsWith(`${at(mount, 'mountPath')}/`)).toBe(true)
  })
})

describe('the systemd unit', () => {
  const unit = textOf('deploy/systemd/affinityql.service')
  const settings = new Map(
    unit.split('\n').flatMap((line) => {
      const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? []
      return key === undefined || value === undefined ? [] : [[key, value] as const]
    }),
  )

  it('runs as a user of its own with a state directory, and with time to stop', () => {
    expect(Object.fromEntries(settings)).toMatchObject({
      DynamicUser: 'yes',
      StateDirectory: 'affinityql',
      ProtectSystem: 'strict',
      NoNewPrivileges: 'yes',
      CapabilityBoundingSet: '',
    })
    expect(unit).toContain('Environment=AUDIT_SPOOL_DIR=/var/lib/affinityql/')
    expect(Number.parseInt(settings.get('TimeoutStopSec') ?? '', 10)).toBeGreaterThan(STOP_SECONDS)
    // V8 could not compile.
    expect(settings.has('MemoryDenyWriteExecute')).toBe(false)
  })

  it('holds no secret', () => {
    expect(SECRETS.filter((name) => unit.includes(`${name}=`))).toEqual([])
  })

  // systemd runs on Linux alone; elsewhere the run says that this was skipped.
  describe.runIf(process.platform === 'linux')('in systemd’s own words', () => {
    const analyze = (...args: readonly string[]) => {
      const { status, stdout, stderr } = spawnSync(programNamed('systemd-analyze'), args, {
        encoding: 'utf8',
      })
      return { status, stdout, stderr }
    }
    // This machine's Node, since systemd looks for the program.
    const copy = join(temporaryDirectory('unit'), 'affinityql.service')
    writeFileSync(copy, unit.replace('/usr/bin/node', process.execPath))

    it('is a unit that it takes without a word', () => {
      const { status, stderr } = analyze('verify', copy)
      expect({ status, stderr: stderr.split('\n').filter((line) => line.includes('affinityql')) }).toEqual({
        status: 0,
        stderr: [],
      })
    })

    it('is exposed as little as a network service can be', () => {
      const { stdout } = analyze('security', '--offline=true', copy)
      const [, level = '10'] = /Overall exposure level for affinityql\.service: ([\d.]+)/.exec(stdout) ?? []
      expect(Number(level)).toBeLessThan(2)
    })
  })
})
