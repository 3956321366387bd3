import { it } from 'vitest'
import { startTestApp } from './support/app.js'
import { clear } from './api/clearing.js'
import { createApp } from '../src/app.js'
import { testConfig } from './support/app.js'
import pino from 'pino'
it('smoke', async () => {
  const s = await startTestApp()
  console.log(JSON.stringify(await s.query('mutation{login(email:"\\ud800x",password:"x"){__typename}}'),null,1))
  console.log(JSON.stringify(await s.query('mutation($e:String!){login(email:$e,password:"x"){__typename}}', {e:'\ud800y'}),null,1))
  console.log(JSON.stringify(await clear(s,'clearAllCache',{confirm:true}),null,1))
  console.log(JSON.stringify(await clear(s,'clearProviderCache',{providerId:'a\0b'}).catch(String),null,1))
  console.log(JSON.stringify(await clear(s,'clearAffinities',{filter:{providerId:'a\0b', userId:'\0'}}).catch(String),null,1))
  console.log(JSON.stringify(await clear(s,'clearSingleAffinity',{affinityKey:'\0',endpointId:'\ud800', modelId:'\0',apiFormat:'\0'}).catch(String),null,1))
  console.log(JSON.stringify(await s.query('{auditEvents(action:"\\u0000"){totalCount nodes{id action success actorName metadata}}}'),null,1))
  await createApp(testConfig({DATABASE_URL:s.databaseUrl, REDIS_URL:s.redis.url}),{logger:pino({level:'silent'})}).then(a=>a.close(),e=>console.log('START', e))
  await s.close()
  console.log(s.logs.filter((x:any)=>x.level>30).map(x=>JSON.stringify(x).slice(0,1500)).join('\n'))
}, 60000)
