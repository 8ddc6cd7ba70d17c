// What there is to browse, read through the edge.
import { ask } from './http.js';
import { address } from './ops.js';

const limit = 20;

const guideChannels = 50; // as many as one request of the guide may name

// discover walks the list of movies until it has the wanted number of films or all of them. It returns their ids and titles, the
// paths of the list's pages, the slugs of the genres, the ids of the plans, the first shows with an episode of one, the
// collections, the first channels and the programmes that they have on.
export function discover(token, wanted) {
  const films = [];
  const titles = [];
  const pages = [];
  for (let query = { limit }; query && films.length < wanted; ) {
    pages.push(address('listMovies', {}, query));
    const { data, meta } = read('listMovies', pages.at(-1), token);
    films.push(...data.map((movie) => movie.id));
    titles.push(...data.map((movie) => movie.title));
    query = meta.next_cursor && { limit, cursor: meta.next_cursor };
  }
  if (films.length === 0) throw new Error('the catalogue is empty: bin/origin seed fills it');
  const genres = read('listGenres', address('listGenres'), token).data.map((genre) => genre.slug);
  const plans = read('listPlans', address('listPlans'), token).data.map((plan) => plan.id);
  if (plans.length === 0) throw new Error('there are no plans: bin/origin seed brings some in');
  return { films, titles, pages, genres, plans, ...series(token), ...guide(token) };
}

function series(token) {
  const shows = read('listShows', address('listShows', {}, { limit }), token).data.filter((show) => show.total_episodes > 1).map((show) => show.id);
  if (shows.length === 0) throw new Error('there are no shows: bin/origin seed brings some in');
  const { season_number } = read('listSeasons', address('listSeasons', shows[0]), token).data.find((season) => season.episode_count > 1);
  const [episode] = read('listEpisodes', address('listEpisodes', { show_id: shows[0], season_number }), token).data;
  const collections = read('listCollections', address('listCollections', {}, { limit }), token).data.filter((one) => one.item_count > 1).map((one) => one.id);
  if (collections.length === 0) throw new Error('there are no collections: bin/origin seed brings some in');
  return { shows, episode, collections };
}

function guide(token) {
  const channels = read('listChannels', address('listChannels', {}, { limit: guideChannels }), token).data.map((channel) => channel.id);
  if (channels.length === 0) throw new Error('there are no channels: bin/origin seed fills the guide');
  const now = read('getEpgNow', address('getEpgNow', {}, { channel_ids: channels }), token).data;
  const programs = Object.values(now).filter((program) => program !== null).map((program) => program.id);
  if (programs.length === 0) throw new Error('nothing is on: bin/origin seed fills the guide');
  return { channels, programs };
}

function read(op, path, token) {
  const answer = ask(op, path, { token });
  if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${answer.error} ${answer.body}`);
  return answer.json();
}
