import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './child.js'

export interface Certificates {
  /** Paths of PEM files. */
  readonly authority: string
  readonly certificate: string
  readonly key: string
  readonly authorityPem: string
}

/** A certificate authority of one day and its certificate for 127.0.0.1 and localhost, made by openssl in this directory. */
export function certificates(directory: string): Certificates {
  const file = (name: string) => join(directory, name)
  const openssl = (...args: string[]) => run({ command: 'openssl', args })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-days',
    '1',
    '-subj',
    '/CN=affinityql tests',
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.crt'),
  )
  openssl(
    'req',
    ...newKey,
    '-subj',
    '/CN=localhost',
    '-keyout',
    file('server.key'),
    '-out',
    file('server.csr'),
  )
  writeFileSync(file('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  const signing = [
    '-CA',
    file('ca.crt'),
    '-CAkey',
    file('ca.key'),
    '-CAcreateserial',
    '-extfile',
    file('names'),
  ]
  openssl('x509', '-req', '-days', '1', '-in', file('server.csr'), ...signing, '-out', file('server.crt'))
  return {
    authority: file('ca.crt'),
    certificate: file('server.crt'),
    key: file('server.key'),
    authorityPem: readFileSync(file('ca.crt'), 'utf8'),
  }
}
