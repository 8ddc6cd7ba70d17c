// Has @eyevinn/cat validate the tokens of ours in cat-own.json, at fixed times, and puts down what it makes of them:
// whether it takes each for the manifest, for a segment, for another folder, too late and from another address, and the
// claims that it reads.
import { readFileSync } from 'node:fs';
import { CAT } from '@eyevinn/cat';
import { write } from './targets.mjs';

const own = JSON.parse(readFileSync(new URL('cat-own.json', import.meta.url), 'utf8'));
const host = 'https://cat.example.com';

async function takes(v, url, second, ip, key = v.key) {
  Date.now = () => second * 1000;
  const cat = new CAT({ keys: { [v.kid]: Buffer.from(key, 'hex') }, expectCwtTag: true });
  try {
    const { cat: token, error } = await cat.validate(v.token, 'mac', { issuer: 'encora', url: new URL(url), ip });
    return { taken: !error, claims: token.claims };
  } catch {
    return { taken: false };
  }
}

for (const v of own) {
  const ip = v.ip ?? '192.0.2.1';
  const good = await takes(v, host + v.path, v.expires - 1, ip);
  v.read = {
    manifest: good.taken,
    segment: (await takes(v, `${host}${v.folder}/video/1.m4s`, v.expires - 1, ip)).taken,
    other_folder: (await takes(v, `${host}/other/master.m3u8`, v.expires - 1, ip)).taken,
    other_host: (await takes(v, 'https://other.example.com' + v.path, v.expires - 1, ip)).taken,
    too_late: (await takes(v, host + v.path, v.expires + 1, ip)).taken,
    other_address: (await takes(v, host + v.path, v.expires - 1, '192.0.2.99')).taken,
    other_key: (await takes(v, host + v.path, v.expires - 1, ip, v.key.replace(/^../, 'ff'))).taken,
    claims: good.claims,
  };
}
write('cat-own.json', own);
