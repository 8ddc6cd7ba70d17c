// What shows, their seasons and episodes promise.
import { expect } from './expect.js';
import { walk } from './listing.js';

export function showFilters(ask) {
  const all = walk('listShows', ask, { limit: 7 });
  const [show] = all.filter((one) => one.genres.length > 0 && one.content_rating);
  const f = (query, fits) => {
    const found = ask('listShows', { limit: 100, ...query }).json('data');
    const ok = found.some(({ id }) => id === show.id) && found.every(fits);
    expect('listShows', `${JSON.stringify(query)} finds ${show.title} and its like`, ok, found);
  };
  f({ genre: show.genres[0] }, (one) => one.genres.includes(show.genres[0]));
  f({ content_rating: show.content_rating }, (one) => one.content_rating === show.content_rating);
  if (show.status !== 'published') f({ status: show.status }, (one) => one.status === show.status);
  const aired = ask('listShows', { limit: 100, sort: '-first_air_date' }).json('data').map((one) => one.first_air_date || '');
  expect('listShows', 'is sorted', aired.every((day, i) => i === 0 || aired[i - 1] >= day), aired);
}

export function seasonsAddUp(ask) {
  const seasons = ask('listSeasons').json('data');
  const show = ask('getShow').json();
  const episodes = seasons.reduce((sum, season) => sum + season.episode_count, 0);
  expect('listSeasons', 'has all seasons of the show', seasons.length === show.total_seasons, [seasons.length, show.total_seasons]);
  expect('listSeasons', 'has all episodes of the show', episodes === show.total_episodes, [episodes, show.total_episodes]);
}

export function episodePages(ask) {
  const season = ask('getSeason').json();
  const numbers = walk('listEpisodes', ask, { limit: Math.ceil(season.episode_count / 3) }).map((episode) => episode.episode_number);
  expect('listEpisodes', 'has all of the season', numbers.length === season.episode_count, [numbers, season.episode_count]);
  expect('listEpisodes', 'is in order', numbers.every((n, i) => i === 0 || numbers[i - 1] < n), numbers);
  const back = ask('listEpisodes', { limit: 100, sort: '-episode_number' }).json('data').map((episode) => episode.episode_number);
  expect('listEpisodes', 'is in the other order', back.reverse().join() === numbers.join(), [back, numbers]);
}
