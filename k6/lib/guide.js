// What channels and the guide promise.
import { expect } from './expect.js';
import { walk } from './listing.js';

const absentID = '01900000-0000-7000-8000-000000000000';
const hour = 3600e3;

const instantOf = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

// window starts so many hours from the last full one and lasts so many.
export function window(from, hours) {
  const start = Math.floor(Date.now() / hour) * hour + from * hour;
  return { start_time: instantOf(start), end_time: instantOf(start + hours * hour) };
}

export function channelPages(ask) {
  const all = ask('listChannels', { limit: 100 }).json('data').map((channel) => channel.id);
  const seen = walk('listChannels', ask, { limit: 15 }).map((channel) => channel.id);
  expect('listChannels', 'pages are the list', JSON.stringify(seen.slice(0, all.length)) === JSON.stringify(all.slice(0, seen.length)), seen);
}

export function channelFilters(ask) {
  const rich = ask('listChannels', { limit: 100 }).json('data').find((channel) => channel.category && channel.language && channel.number);
  const base = rich.language.split('-')[0];
  holds(ask, { category: rich.category.toUpperCase() }, rich, (channel) => channel.category === rich.category);
  holds(ask, { language: base }, rich, (channel) => channel.language.split('-')[0] === base);
  holds(ask, { status: rich.status }, rich, (channel) => channel.status === rich.status);
  holds(ask, { q: String(rich.number), language: rich.language }, rich, (channel) => channel.language === rich.language);
}

function holds(ask, query, channel, fits) {
  const found = ask('listChannels', { limit: 100, ...query }).json('data');
  const ok = found.some(({ id }) => id === channel.id) && found.every(fits);
  expect('listChannels', `${JSON.stringify(query)} finds ${channel.name} and its like`, ok, found);
}

// inOrder parses by itself, since k6's own json() does not keep the order of fields.
export function inOrder(op, ask, { channels }) {
  const mixed = [...channels].sort(() => Math.random() - 0.5).slice(0, 20);
  const query = { channel_ids: [mixed[0], absentID, ...mixed], limit: 100, ...window(0, 1) };
  const shown = Object.keys(JSON.parse(ask(op, query).body).data);
  const asked = op === 'getEpgNow' ? mixed : mixed.slice(0, shown.length); // a page may end before the last channel
  expect(op, 'shows channels in the order asked, each once', shown.length > 0 && shown.join() === asked.join(), [asked, shown]);
}

// gaps: what is on now covers now.
export function gaps(op, ask) {
  const asked = Date.now();
  const { data } = ask(op).json();
  const wrong = Object.entries(data).filter(([channel, p]) => p !== null &&
    !(p.channel_id === channel && p.is_live && Date.parse(p.end_time) > asked && Date.parse(p.start_time) <= Date.now()));
  expect(op, 'is on now', wrong.length === 0, wrong);
}

export function limits(op, ask, { channels }) {
  const week = window(0, 7 * 24);
  const f = (status, query) => {
    const answer = ask(op, query, { expect: [status] });
    expect(op, `${status} for ${JSON.stringify(query).slice(0, 100)}`, answer.status === status, answer.status);
  };
  const many = (n) => Array.from({ length: n }, (_, i) => channels[i % channels.length]);
  f(400, { channel_ids: undefined });
  f(400, { channel_ids: many(51) });
  f(200, { channel_ids: many(50) });
  if (op === 'getEpgNow') return;
  f(400, { start_time: undefined });
  f(400, { end_time: undefined });
  f(400, { start_time: week.end_time, end_time: week.start_time });
  f(400, { start_time: week.start_time, end_time: window(1, 7 * 24).end_time });
  f(200, week);
}

// schedulePages follows the cursors and compares with the largest pages.
export function schedulePages(op, ask, { channels }) {
  const few = { channel_ids: channels.slice(0, 5), ...window(-6, 12) };
  const small = programsOf(op, ask, few, 7);
  const large = programsOf(op, ask, few, 100);
  expect(op, 'has programmes', small.length > 20, small.length);
  expect(op, 'small pages show what large ones do', small.join() === large.join(), [small, large]);
}

function programsOf(op, ask, query, limit) {
  const seen = [];
  for (let cursor; ; ) {
    const { data, meta } = JSON.parse(ask(op, { ...query, limit, cursor }).body);
    const page = Object.values(data).flat();
    expect(op, 'pages are full but for the last', page.length === limit || (page.length < limit && !meta.has_more), [page.length, meta]);
    seen.push(...page.map((program) => program.id));
    if (!meta.has_more) return seen;
    cursor = meta.next_cursor;
  }
}

// sameOnTheLine: a programme's detail is what the guide shows of it.
export function sameOnTheLine(ask, { programs }) {
  const detail = JSON.parse(ask('getProgram').body);
  const guide = JSON.parse(ask('getEpgNow', { channel_ids: detail.channel_id }).body).data[detail.channel_id];
  const same = guide.id !== programs[0] || JSON.stringify(guide) === JSON.stringify(detail); // another one may have begun
  expect('getProgram', 'is the same as in the guide', same, [detail, guide]);
}
