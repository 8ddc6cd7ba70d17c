// Editors write while devices browse: how long after a write is acknowledged does the edge show it, does it ever show
// what was before, and do drafts, which nobody sees, leave its lists alone?
import exec from 'k6/execution';
import { sleep } from 'k6';
import { Counter, Rate, Trend } from 'k6/metrics';
import { Device, pick, popular } from '../lib/device.js';
import { discover } from '../lib/catalogue.js';
import { create, publish, remove, save, unpublish } from '../lib/editor.js';
import { purge } from '../lib/env.js';
import { expect, guarded } from '../lib/expect.js';
import { ask, isHit } from '../lib/http.js';
import { address } from '../lib/ops.js';
import { viewers } from '../lib/tokens.js';

const staleAfter = 1000; // ms after the acknowledgement: what is old then counts, even if nothing new was seen
const patience = 1300; // ms for which a write is watched
const filmCount = Math.ceil(purge.edits * 2.5); // each is written every 2.5 s, so that no two watch it at once
const { seconds } = purge;

const propagation = new Trend('propagation_ms'); // from the acknowledgement until the edge showed the write
const shown = new Counter('writes_shown');
const stale = new Rate('stale_reads'); // of those that began staleAfter the acknowledgement
const regressed = new Rate('old_after_new'); // of those whose like the same VU has seen before
const listHits = new Rate('list_hits');

const arrivals = { executor: 'constant-arrival-rate', timeUnit: '1s', gracefulStop: '5s' };
const first = { ...arrivals, duration: `${seconds}s` };
const second = { ...arrivals, duration: `${seconds}s`, startTime: `${seconds}s` };

export const options = {
  scenarios: {
    drafts: { ...first, exec: 'draft', rate: purge.drafts, preAllocatedVUs: 20 },
    reads_beside_drafts: { ...first, exec: 'read', rate: purge.reads, preAllocatedVUs: 100 },
    edits: { ...second, exec: 'edit', rate: purge.edits, preAllocatedVUs: Math.ceil(purge.edits * 3) },
    reads_beside_edits: { ...second, exec: 'read', rate: purge.reads, preAllocatedVUs: 100 },
  },
  thresholds: {
    checks: ['rate==1'],
    http_req_failed: ['rate==0'],
    dropped_iterations: ['count==0'],
    propagation_ms: [`med<${purge.med}`, `p(99)<${purge.p99}`],
    writes_shown: [`count>=${Math.floor(purge.edits * seconds * 0.7)}`], // every fourth write shows nothing
    stale_reads: ['rate==0'],
    old_after_new: ['rate==0'],
    'list_hits{scenario:reads_beside_drafts}': ['rate>0.99'],
    'list_hits{scenario:reads_beside_edits}': ['rate>0'],
  },
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max', 'count'],
};

export function setup() {
  const catalogue = discover(viewers[0], 200);
  const name = `k6 ${Date.now().toString(36)}`;
  const films = Array.from({ length: filmCount }, (_, i) => ({ name: `${name} film ${i}`, id: '' }));
  for (const film of films) film.id = create(titleOf(film, 0));
  for (const path of lists) ask('listMovies', path, { token: viewers[0], text: false });
  return { catalogue, films };
}

export function teardown({ films }) {
  for (const film of films) remove(film.id);
}

const titleOf = (film, version) => `${film.name} version ${version}`;
const titles = /(k6 \w+ film \d+) version (\d+)/g;

// draft saves a film that nobody sees.
export function draft({ films }) {
  guarded('drafts', () => {
    const n = exec.scenario.iterationInTest;
    const film = films[n % films.length];
    save(film.id, titleOf(film, 0), 'draft', `Saved for the ${n}th time.`);
  });
}

// A film's life, again and again. What it shows after each write follows from the write's number alone, whichever VU
// has done the ones before.
const absent = ''; // 404
const writes = [
  (film) => publish(film.id),
  (film, n) => save(film.id, titleOf(film, n), 'published'),
  (film) => unpublish(film.id),
  (film, n) => save(film.id, titleOf(film, n), 'unpublished'), // shows when it is published again
];

function shownAfter(film, n) {
  switch (n % 4) {
    case 0: return titleOf(film, Math.max(0, n - 1));
    case 1: return titleOf(film, n);
    default: return absent;
  }
}

// edit does a film's next write and watches the edge.
export function edit({ films }) {
  guarded('edits', () => {
    const at = exec.scenario.iterationInTest;
    const film = films[at % films.length];
    const n = Math.floor(at / films.length);
    const before = n === 0 ? absent : shownAfter(film, n - 1);
    writes[n % 4](film, n);
    watch(film, before, shownAfter(film, n));
  });
}

function watch(film, before, after) {
  const acknowledged = Date.now();
  const since = () => Date.now() - acknowledged;
  let seen = before === after;
  while (since() < patience) {
    const asked = since();
    const found = look(film);
    expect('edits', 'shows the state before or after the write', found === before || found === after, [found, before, after]);
    if (found === after && !seen) {
      seen = true;
      propagation.add(since());
      shown.add(1);
    } else if (seen) {
      regressed.add(found !== after);
    }
    if (asked > staleAfter) stale.add(found !== after);
    sleep(seen ? 0.05 : 0.002);
  }
  if (before !== after && before !== absent) stale.add(listed(before));
  expect('edits', `shows ${after || 'nothing'} within ${patience} ms`, seen, before);
}

// look reads the film's title as the edge shows it, under the same key as the devices do.
function look(film) {
  const answer = ask('getMovie', address('getMovie', film.id), { token: viewers[0], expect: [200, 404] });
  return answer.status === 404 ? absent : (answer.json('title') ?? `status ${answer.status}`);
}

// listed tells whether a title is in the list of the latest changes.
function listed(title) {
  return ask('listMovies', latest, { token: viewers[0] }).body.includes(JSON.stringify(title));
}

const latest = address('listMovies', {}, { sort: '-updated_at' });
const lists = [latest, ...[{}, { sort: 'title' }, { sort: '-release_year' }, { sort: '-average_rating' }, { limit: 50 }]
  .map((query) => address('listMovies', {}, query))];

let device;
const newest = new Map(); // by path and film: the newest version that this device has seen
const kept = new Map(); // by path: the films' versions in the last whole answer

// read is one request of a device. No path may show an older version of a film than it has shown the device before.
export function read({ catalogue, films }) {
  device ??= new Device();
  guarded('reads', () => {
    const [op, path] = target(catalogue, films);
    const { answer } = device.get(op, path, { expect: [200, 304, 404] });
    if (op === 'listMovies') listHits.add(isHit(answer));
    if (answer.status === 200) kept.set(path, [...answer.body.matchAll(titles)].map(([, film, version]) => [film, Number(version)]));
    if (answer.status === 200 || answer.status === 304) compare(path, kept.get(path));
  });
}

function compare(path, shows) {
  for (const [film, version] of shows) {
    const known = newest.get(path + film);
    if (known !== undefined) regressed.add(version < known);
    newest.set(path + film, Math.max(version, known ?? version));
  }
}

function target(catalogue, films) {
  const at = Math.random();
  if (at < 0.4) return ['listMovies', pick(lists)];
  if (at < 0.7) return ['getMovie', address('getMovie', pick(films).id)];
  if (at < 0.95) return ['getMovie', address('getMovie', popular(catalogue.films))];
  return ['listGenres', address('listGenres')];
}
