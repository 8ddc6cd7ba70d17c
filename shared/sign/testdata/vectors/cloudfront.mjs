// CloudFront signatures by @aws-sdk/cloudfront-signer: cloudfront.json. Policies are given to it as text, written after
// the examples of CloudFront's developer guide; but it makes the plain target's canned policy itself.
import { readFileSync } from 'node:fs';
import { getSignedUrl } from '@aws-sdk/cloudfront-signer';
import { session, expires, part, targets, write } from './targets.mjs';

const base = 'https://d111111abcdef8.cloudfront.net';
const keyPairId = 'K2JCJMDEHXQW5F';
const privateKey = readFileSync(new URL('../rsa.pem', import.meta.url), 'utf8');

const query = (t) => `session=${session}` + (t.begin ? `&${part}` : '');

function parameters(url) {
  const p = new URL(url).searchParams;
  return { policy: p.get('Policy') ?? undefined, signature: p.get('Signature'), key_pair_id: p.get('Key-Pair-Id'), expires_parameter: p.get('Expires') ?? undefined };
}

function canned(t) {
  const url = `${base}${t.path}?${query(t)}`;
  if (t.name === 'plain') {
    return getSignedUrl({ url, keyPairId, privateKey, dateLessThan: new Date(expires * 1000).toISOString() });
  }
  return getSignedUrl({ url, keyPairId, privateKey, policy: `{"Statement":[{"Resource":"${url}","Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}` });
}

function custom(t) {
  const url = `${base}${t.path}?${query(t)}`;
  const ip = t.ip ? `"IpAddress":{"AWS:SourceIp":"${t.ip}/32"},` : '';
  const policy = `{"Statement":[{"Resource":"${base}${t.folder}/*?${query(t)}*","Condition":{${ip}"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`;
  return getSignedUrl({ url, keyPairId, privateKey, policy });
}

const list = [];
for (const t of targets.filter((t) => !t.ip)) {
  list.push({ kind: 'canned', ...t, session, expires, url: `${base}${t.path}?${query(t)}`, ...parameters(canned(t)) });
}
for (const t of targets.filter((t) => !t.ip?.includes(':'))) {
  list.push({ kind: 'custom', ...t, session, expires, url: `${base}${t.path}?${query(t)}`, ...parameters(custom(t)) });
}
write('cloudfront.json', list);
