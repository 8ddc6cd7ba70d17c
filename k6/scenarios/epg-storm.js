// The top of the hour: programmes end on all channels at one instant, and every device asks within the same few seconds what
// is on now and for the first page of the schedule, each for its own channels in its own order. Does the edge keep up, from
// memory, and does it ever show what had ended before it was asked?
import { check, sleep } from 'k6';
import { Rate } from 'k6/metrics';
import { Device } from '../lib/device.js';
import { createChannel, importSchedule, removeChannel } from '../lib/editor.js';
import { storm } from '../lib/env.js';
import { ask, header, isHit } from '../lib/http.js';
import { address } from '../lib/ops.js';
import { viewers } from '../lib/tokens.js';

const calm = 6; // seconds before the turn, in which devices come now and then
const onset = 1; // seconds from there to the peak
const programMinutes = 30;
const allowance = 15e3; // ms for the import of the schedule
const devices = Math.ceil(storm.peak * 1.5); // each comes back a few times
const page = 20; // programmes, as apps ask that don't say

const hits = new Rate('hits'); // answers from the edge's own memory, 304 among them
const unchanged = new Rate('unchanged'); // answers that are 304
const ended = new Rate('ended_shown'); // answers that show as on air what had ended before they were asked for

const arrivals = { timeUnit: '1s', gracefulStop: '10s' };

export const options = {
  scenarios: {
    calm: { ...arrivals, executor: 'constant-arrival-rate', rate: storm.calm, duration: `${calm}s`, preAllocatedVUs: storm.calm },
    storm: {
      ...arrivals, executor: 'ramping-arrival-rate', startTime: `${calm}s`, startRate: storm.calm, preAllocatedVUs: devices,
      stages: [{ target: storm.peak, duration: `${onset}s` }, { target: storm.peak, duration: `${storm.seconds}s` }],
    },
  },
  thresholds: {
    checks: ['rate==1'],
    http_req_failed: ['rate==0'],
    'dropped_iterations{scenario:storm}': ['count==0'],
    'http_reqs{scenario:storm}': [`count>=${2 * storm.peak * storm.seconds}`],
    'hits{scenario:storm}': ['rate>0.99'],
    'unchanged{scenario:storm}': ['rate>0.1'], // or revalidation is broken
    ended_shown: ['rate==0'],
    ...Object.fromEntries(['getEpgNow', 'getEpgSchedule'].map((op) => [
      `http_req_duration{scenario:storm,op:${op}}`, [`med<${storm.med}`, `p(95)<${storm.p95}`, `p(99)<${storm.p99}`],
    ])),
  },
  setupTimeout: '2m',
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max', 'count'],
};

const instantOf = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

// setup makes channels on which a programme ends at the turn, and returns when it is a calm away.
export function setup() {
  const name = `k6 ${Date.now().toString(36)}`;
  const channels = Array.from({ length: storm.channels }, (_, i) => createChannel(`${name} channel ${i}`));
  const turn = Math.ceil((Date.now() + allowance) / 1000) * 1000 + calm * 1000;
  importSchedule(channels.flatMap((channel) => schedule(channel, turn)));
  shown(channels);
  const early = turn - calm * 1000 - Date.now();
  if (early < 0) throw new Error(`the schedule was ready ${-early} ms too late: raise the allowance`);
  sleep(early / 1000);
  return { channels, turn };
}

// schedule is what a channel has from four hours before the turn to eight after it.
function schedule(channel, turn) {
  return Array.from({ length: 24 }, (_, i) => {
    const start = turn + (i - 8) * programMinutes * 60e3;
    return {
      channel_id: channel, title: `Programme ${i}`, description: 'Made by a load test. '.repeat(10), content_rating: 'TV-G', language: 'en',
      start_time: instantOf(start), end_time: instantOf(start + programMinutes * 60e3), is_live: false, is_catchup_available: false,
      categories: ['News'],
    };
  });
}

// shown waits until the edge shows all channels.
function shown(channels) {
  for (let tries = 0; tries < 50; tries++) {
    const { data } = ask('getEpgNow', address('getEpgNow', {}, { channel_ids: channels }), { token: viewers[0] }).json();
    if (Object.values(data).filter((program) => program !== null).length === channels.length) return;
    sleep(0.1);
  }
  throw new Error('the edge does not show the schedule');
}

export function teardown({ channels }) {
  for (const channel of channels) removeChannel(channel);
}

let device;
let mine; // the device's channels
const kept = new Map(); // by path: whether the last whole answer shows as on air what ends at the turn

export default function ({ channels, turn }) {
  device ??= new Device();
  mine ??= [...channels].sort(() => Math.random() - 0.5).slice(0, storm.asked);
  visit('getEpgNow', { channel_ids: mine }, turn);
  visit('getEpgSchedule', { channel_ids: mine, start_time: instantOf(turn - 1800e3), end_time: instantOf(turn + 3 * 3600e3) }, turn);
}

function visit(op, query, turn) {
  const path = address(op, {}, query);
  const asked = Date.now();
  const { answer, etag } = device.get(op, path);
  hits.add(isHit(answer));
  unchanged.add(answer.status === 304);
  check(answer, {
    'whole, or 304 for the ETag that was sent': ({ status }) => status === 200 || (status === 304 && etag !== undefined),
    'has an ETag': () => header(answer, 'ETag') !== '',
  });
  if (answer.status === 200) {
    const live = `"end_time":"${instantOf(turn)}","duration_minutes":${programMinutes},"is_live":true`;
    kept.set(path, answer.body.includes(live));
    const programs = answer.body.split('"is_live":').length - 1;
    check(answer, {
      'is full': () => programs === (op === 'getEpgNow' ? storm.asked : page),
      'shows what is on until the turn': () => Date.now() >= turn || kept.get(path), // or the one after would prove nothing
    });
  }
  ended.add(asked >= turn && kept.get(path) === true);
}
