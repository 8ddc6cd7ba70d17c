// What collections, the home screen, search and suggestions promise.
import { expect } from './expect.js';
import { walk } from './listing.js';

const idOf = (item) => item.content_id;

export function collectionPages(ask) {
  walk('listCollections', ask, { limit: 3 });
  const whole = ask('getCollection', { limit: 100 }).json();
  const seen = walk('getCollection', ask, { limit: 2 }, (page) => page.item_refs).map(idOf);
  const all = whole.item_refs.map(idOf);
  expect('getCollection', 'counts its items', all.length === Math.min(100, whole.item_count), [all.length, whole.item_count]);
  expect('getCollection', 'pages are the collection', seen.join() === all.slice(0, seen.length).join(), [seen, all]);
}

// railsOfCollections: a rail shows the first items of its collection, and a profile's own shows none.
export function railsOfCollections(ask, { collections }) {
  const { rails } = ask('getHome').json();
  const own = rails.filter((rail) => rail.is_personalized);
  expect('getHome', 'has rails that are filled, and such as profiles fill', own.length > 0 && own.length < rails.length, rails);
  expect('getHome', 'shows nothing in what profiles fill, and where it is', own.every((rail) => rail.items.length === 0 && rail.items_url), own);
  const empty = rails.filter((rail) => !rail.is_personalized && rail.items.length === 0);
  expect('getHome', 'leaves out what is empty', empty.length === 0, empty);
  const rail = rails.find((one) => one.collection_id === collections[0]);
  if (!rail) return;
  const first = ask('getCollection', { limit: 100 }).json('item_refs').map(idOf);
  expect('getHome', 'shows the first of the collection', rail.items.every((item, i) => item.id === first[i]), [rail, first]);
}

export function everyPlatformHasRails(ask) {
  for (const platform of ['ios', 'android', 'tvos', 'web', 'roku', 'firetv']) {
    const { rails } = ask('getHome', { platform }).json();
    expect('getHome', `${platform} has rails`, rails.length > 0, rails);
  }
}

const kinds = ['movie', 'show', 'episode', 'channel'];

// searched takes a film's title: it comes first for itself, and is found in spite of a typing error.
export function searched(ask, { films, titles }) {
  const i = titles.findIndex((title) => /^[A-Za-z]{6,}( [A-Za-z]{5,})*$/.test(title));
  if (i < 0) throw new Error('no film has a title to search for');
  const f = (what, q, fits) => {
    const found = ask('search', { q, limit: 100 }).json('data');
    expect('search', `${JSON.stringify(q)}: ${what}`, fits(found.map((title) => title.id)), found);
  };
  f('is found first', titles[i], (ids) => ids.length > 0 && ids.indexOf(films[i]) === 0);
  f('however it is written', titles[i].toUpperCase(), (ids) => ids.includes(films[i]));
  f('in spite of a letter that is missing', titles[i].slice(0, 2) + titles[i].slice(3), (ids) => ids.includes(films[i]));
  f('nothing has all of the words', `${titles[i]} qqqqq`, (ids) => ids.length === 0);
  walk('search', ask, { limit: 25 });
  for (const kind of kinds) {
    const found = ask('search', { content_type: kind, limit: 100 }).json('data');
    expect('search', `${kind} alone`, found.length > 0 && found.every((title) => title.content_type === kind), found);
  }
  const between = ask('search', { release_year_min: 1950, release_year_max: 1960, limit: 100 }).json('data');
  expect('search', 'years hold', between.length > 0 && between.every((title) => title.release_year >= 1950 && title.release_year <= 1960), between);
}

// asTyped: each letter more of a title's beginning leaves suggestions that have it, in the end the title itself.
export function asTyped(ask, { films, titles }) {
  for (let n = 1; n <= titles[0].length; n++) {
    const q = titles[0].slice(0, n);
    if (!/[\p{L}\p{N}]/u.test(q)) continue;
    const found = ask('autocomplete', { q, limit: 20 }).json('data');
    expect('autocomplete', `${JSON.stringify(q)} suggests something, each once`, found.length > 0 && new Set(found.map((s) => s.id)).size === found.length, found);
  }
  const whole = ask('autocomplete', { q: titles[0] }).json('data').map((s) => s.id);
  expect('autocomplete', 'suggests what was typed', whole.includes(films[0]), whole);
  expect('autocomplete', 'as many as asked', ask('autocomplete', { q: 'a', limit: 3 }).json('data').length <= 3, 3);
}

export function ranked(ask) {
  for (const content_type of ['movie', 'show', 'mixed']) {
    for (const window of ['today', 'this_week', 'this_month']) {
      const found = ask('getTrending', { content_type, window, limit: 30 }).json('data');
      const ok = found.length > 0 && found.every((title, i) => title.rank === i + 1 && (content_type === 'mixed' || title.content_type === content_type));
      expect('getTrending', `ranks ${content_type} of ${window}`, ok, found);
    }
  }
}
