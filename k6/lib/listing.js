// What lists promise: pages without gap or repetition; those of movies, filters that hold, and an order.
import { expect } from './expect.js';

const fewPages = 8;
const perPage = 40;

// walk follows the cursors of an operation to the end, or for a few pages, and returns the items that items finds on each.
export function walk(op, ask, query, items = (page) => page.data) {
  const seen = [];
  let cursor;
  for (let n = 0; n < fewPages; n++) {
    const page = ask(op, { ...query, cursor }).json();
    const { next_cursor, has_more } = page.meta;
    expect(op, 'there is more exactly when there is a cursor', has_more === (next_cursor !== null), page.meta);
    expect(op, 'pages are full but for the last', items(page).length === query.limit || (items(page).length < query.limit && !has_more), items(page).length);
    seen.push(...items(page));
    if (!has_more) break;
    cursor = next_cursor;
  }
  expect(op, 'nothing is on two pages', new Set(seen.map((item) => item.id || item.content_id)).size === seen.length, seen.length);
  return seen;
}

// asListed: what is shown alone is what the list has of it. It parses by itself, since k6's own json() does not keep the order of fields.
export function asListed(op, list, id, ask) {
  const listed = JSON.parse(ask(list, { limit: 100 }).body).data.find((one) => one.id === id);
  const got = JSON.parse(ask(op).body);
  expect(op, 'is the same as in the list', JSON.stringify(got) === JSON.stringify(listed), [got, listed]);
}

export function pages(ask) {
  walk('listMovies', ask, { limit: perPage });
  cursorsAreBound(ask);
}

function cursorsAreBound(ask) {
  const cursor = ask('listMovies', { limit: 1 }).json('meta.next_cursor');
  const answer = ask('listMovies', { limit: 1, sort: 'title', cursor }, { expect: [400] });
  expect('listMovies', 'the cursor of another list is refused', answer.status === 400, answer.status);
}

const wordOf = (film) => film.title.match(/[A-Za-z]{3,}/)?.[0];

// filters takes a film that has something of everything and asks for its like.
export function filters(ask) {
  const rich = (m) => m.genres.length > 0 && m.audio_languages.length > 0 && m.release_year && wordOf(m);
  const film = ask('listMovies', { limit: 100 }).json('data').find(rich);
  const [genre, language] = [film.genres[0], film.audio_languages[0]];
  holds(ask, { genre }, (m) => m.genres.includes(genre));
  holds(ask, { language }, (m) => m.audio_languages.some((l) => l === language || l.startsWith(`${language}-`)));
  holds(ask, { release_year: film.release_year }, (m) => m.release_year === film.release_year);
  holds(ask, { content_rating: film.content_rating }, (m) => m.content_rating === film.content_rating);
  holds(ask, { q: wordOf(film).toUpperCase(), release_year: film.release_year }, (m) => m.release_year === film.release_year);
  const found = ask('listMovies', { limit: 100, q: wordOf(film) }).json('data').map((m) => m.id);
  expect('listMovies', `q=${wordOf(film)} finds ${film.title}`, found.includes(film.id), found);
}

function holds(ask, query, fits) {
  const found = ask('listMovies', { limit: 100, ...query }).json('data');
  const wrong = found.filter((m) => !fits(m));
  expect('listMovies', `${JSON.stringify(query)} holds`, found.length > 0 && wrong.length === 0, wrong);
}

export function sorted(ask) {
  const years = (sort) => ask('listMovies', { limit: 100, fields: 'release_year', sort }).json('data').map((m) => m.release_year || 0);
  const up = years('release_year');
  const down = years('-release_year');
  expect('listMovies', 'is sorted', up.length > 1 && up.every((year, i) => i === 0 || up[i - 1] <= year), up);
  expect('listMovies', 'is sorted the other way', down.length > 1 && down.every((year, i) => i === 0 || down[i - 1] >= year), down);
}
