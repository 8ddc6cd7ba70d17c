// What URLs are asked for, the same for every signer. Times are Unix seconds.
import { writeFileSync } from 'node:fs';

export const session = '01890a5d-ac96-774b-bcce-b302099a8057';
export const expires = 1893456000; // 2030-01-01T00:00:00Z
export const begin = 1893452400;
export const end = 1893455400;
export const part = 'begin=2029-12-31T23:00:00Z&end=2029-12-31T23:50:00Z';

export const targets = [
  { name: 'plain', path: '/vod/abc/master.m3u8', folder: '/vod/abc' },
  { name: 'IPv4', path: '/vod/abc/master.m3u8', folder: '/vod/abc', ip: '203.0.113.7' },
  { name: 'IPv6', path: '/vod/abc/master.m3u8', folder: '/vod/abc', ip: '2001:db8::7' },
  { name: 'part', path: '/live/arte/hd/index.mpd', folder: '/live/arte/hd', begin, end },
  { name: 'part, IPv4', path: "/live/a,b;c=d@e:f$(1)'/index.mpd", folder: "/live/a,b;c=d@e:f$(1)'", ip: '198.51.100.255', begin, end },
];

export function write(file, value) {
  writeFileSync(new URL(file, import.meta.url), JSON.stringify(value, null, 2) + '\n');
}
