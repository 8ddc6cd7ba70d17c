// Our own path token, by node's crypto after the table in shared/docs/SIGNING.md: hmac.json.
import { createHmac } from 'node:crypto';
import { session, expires, part, targets, write } from './targets.mjs';

const base = 'https://media.example.com/enc';
const keys = [
  { id: 'a', secret: '000102030405060708090a0b0c0d0e0f' },
  { id: 'key-2_Ab', secret: '403697de87af64611c1d32a05dab0fe1fcb715a86ab435f1ec99192d79569388' },
];

const uint32 = (n) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];

function address(ip) {
  if (!ip) return [];
  if (ip.includes('.')) return ip.split('.').map(Number);
  const [front, back] = ip.split('::').map((s) => s.split(':').flatMap((g) => [parseInt(g, 16) >> 8, parseInt(g, 16) & 255]));
  return [...front, ...Array(16 - front.length - back.length).fill(0), ...back];
}

function url(key, t) {
  const ip = address(t.ip);
  const flags = { 0: 0, 4: 1, 16: 2 }[ip.length] | (t.begin ? 4 : 0);
  const depth = t.folder.split('/').length - 1;
  const payload = Buffer.from([
    1, flags, depth, key.id.length, ...Buffer.from(key.id), ...uint32(expires),
    ...Buffer.from(session.replaceAll('-', ''), 'hex'), ...ip, ...(t.begin ? [...uint32(t.begin), ...uint32(t.end)] : []),
  ]);
  const mac = createHmac('sha256', Buffer.from(key.secret, 'hex')).update(payload).update(t.folder + '/').digest().subarray(0, 16);
  return `${base}/${Buffer.concat([payload, mac]).toString('base64url')}${t.path}` + (t.begin ? `?${part}` : '');
}

write('hmac.json', keys.flatMap((key) => targets.map((t) => ({ id: key.id, key: key.secret, ...t, session, expires, url: url(key, t) }))));
