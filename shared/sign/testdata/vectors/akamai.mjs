// Akamai EdgeAuth 2.0 tokens by akamai-edgeauth: akamai.json.
import EdgeAuth from 'akamai-edgeauth';
import { session, expires, targets, write } from './targets.mjs';

const keys = ['52a152a152a152a152a152a152a152a1', '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'];

write('akamai.json', keys.flatMap((key) => targets.map((t) => {
  const auth = new EdgeAuth({
    key, endTime: expires, ip: t.ip, sessionId: session, escapeEarly: true,
    payload: t.begin ? `${t.begin}-${t.end}` : undefined,
  });
  return { key, ...t, session, expires, token: auth.generateACLToken(`${t.folder}/*`) };
})));
