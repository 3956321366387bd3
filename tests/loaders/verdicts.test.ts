import { expect, it } from 'vitest'
import type { Judge, JudgedPin, PinIds } from '../../src/gateway/usability.js'
import { createVerdictLoader } from '../../src/loaders/verdicts.js'

const pin = (providerId: string): JudgedPin => ({
  affinityKey: 'key',
  apiFormat: 'CLAUDE',
  modelId: 'model',
  modelIs: 'id',
  providerId,
  endpointId: 'endpoint',
  providerKeyId: 'providerKey',
  family: 'cache_affinity',
  clientFamily: undefined,
  epoch: undefined,
})

it('pages of a walk keep the judges that they have found, whoever judges other pins of the API key meanwhile', async () => {
  let reads = 0
  const judge = async ({ providerId }: PinIds): Promise<Judge> => {
    reads += 1
    return {
      knows: (one) => providerId.includes(one.providerId),
      verdictOf: () => ({ usability: 'USABLE', staleReasons: [], conditions: [] }),
      likeness: { affinityKey: () => 0, providerKeyId: () => 0 },
    }
  }
  const ofWalk = new Map<string, Judge>()
  const [before, page, beside] = [1, 2, 3].map(() => {
    const loader = createVerdictLoader({ judge }, async () => [])
    loader.share(ofWalk)
    return loader
  })
  await before?.prime([pin('a')])
  await page?.prime([pin('a')])
  await beside?.prime([pin('b')])
  expect(reads).toBe(2)
  expect(page?.load(pin('a'))).toMatchObject({ usability: 'USABLE' })
  page?.forget()
  expect(page?.load(pin('a'))).toBeInstanceOf(Promise)
})
