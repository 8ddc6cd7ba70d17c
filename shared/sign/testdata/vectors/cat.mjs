// Common Access Tokens by @eyevinn/cat: cat.json.
import { CAT } from '@eyevinn/cat';
import { session, expires, targets, write } from './targets.mjs';

const key = '403697de87af64611c1d32a05dab0fe1fcb715a86ab435f1ec99192d79569388';
const kid = 'k1';
const cat = new CAT({ keys: { [kid]: Buffer.from(key, 'hex') }, expectCwtTag: true });

const list = [];
for (const t of targets) {
  const claims = {
    iss: 'encora', sub: session, exp: expires,
    catu: { host: { 'exact-match': 'cat.example.com' }, path: { 'prefix-match': `${t.folder}/` } },
    ...(t.ip ? { catnip: [t.ip] } : {}),
  };
  list.push({ key, kid, ...t, session, expires, token: await cat.generateFromJson(claims, { type: 'mac', alg: 'HS256', kid }) });
}
write('cat.json', list);
