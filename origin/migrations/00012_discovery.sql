-- Search, suggestions and what trends: how names are folded, what finds a title by its names, and the parts of the corpus.

-- +goose Up

-- A name as it is compared: lower case without accents; between two words a space, or a hyphen where nothing but punctuation
-- stood. "Spider-Man: No Way Home" is "spider-man no way home". What unaccent does not know comes apart into what it is made of
-- (half-width kana), but for fractions, or 8½ would become 81/2. Then what is silent goes: accents, the points of Hebrew and Arabic, what only
-- controls the layout; and ς is σ, whose capital they share. Then all that is no letter, digit or mark becomes a hyphen; the ranges are spelled out, since what
-- [:punct:] has depends on the database's locale.
CREATE OR REPLACE FUNCTION name_text(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT btrim(regexp_replace(regexp_replace(regexp_replace(translate(normalize(regexp_replace(
        lower(normalize(immutable_unaccent(lower(regexp_replace(normalize($1), '([\u00bc-\u00be\u2150-\u215f])', ' \1', 'g'))), NFKD)),
        '[\u00ad\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f\u202a-\u202e\u2060-\u2069\u20d0-\u20f0\ufe00-\ufe0f\ufe20-\ufe2f\ufeff]+', '', 'g')), 'ςə', 'σe'),
        '[!-/:-@\[-`{-~\u00a1-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7\u02bb\u02bc\u037e\u0387\u055a-\u055f\u0589\u058a\u05be\u05c0\u05c3\u05f3\u05f4\u060c\u061b\u061f\u066a-\u066d\u06d4\u0964\u0965\u2010-\u2027\u2030-\u205e\u20a0-\u20cf\u2190-\u2bff\u2e00-\u2e7f\u3001-\u3004\u3008-\u3020\u3030\u30a0\u30fb\ufe10-\ufe1f\ufe30-\ufe6f\uff5f-\uff65\U0001f000-\U0001faff]+', '-', 'g'),
        '-*\s[-\s]*', ' ', 'g'),
        '-+', '-', 'g'), '- ')
$$;

-- A folded text with each character of scripts that have no spaces between words (Chinese, Japanese, Thai and its neighbours)
-- or glue particles on (Korean), with its marks, as a word of its own, so that any part of a name is found. They come apart, so that
-- what somebody has typed of a syllable begins it.
CREATE FUNCTION spaced_text(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT btrim(regexp_replace(regexp_replace(normalize($1, NFKD),
        '([\u0e00-\u0eff\u1000-\u109f\u1100-\u115f\u1780-\u17ff\u3005-\u3007\u3040-\u3098\u309b-\u30fa\u30fc-\u30ff\u3100-\u312f\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff][\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u102b-\u103e\u1056-\u1059\u105e-\u1060\u1062-\u1064\u1067-\u106d\u1071-\u1074\u1082-\u108d\u108f\u109a-\u109d\u1160-\u11ff\u17b4-\u17d3\u17dd\u3099\u309a]*)',
        ' \1 ', 'g'), ' +', ' ', 'g'))
$$;

-- The words of a search's text, each as it is spaced. Keys are not longer than 100 characters, so neither is what is compared
-- with them.
CREATE FUNCTION search_words(text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(left(spaced_text(word), 100) ORDER BY place), '{}')
    FROM unnest(string_to_array(replace(name_text($1), '-', ' '), ' ')) WITH ORDINALITY w(word, place) WHERE word <> ''
$$;

-- What finds a title, so that an index alone tells how a search's text matches it: "=" and each reading of a name, with its
-- hyphens open and closed; "~" and what follows from each of its words on; "+" and a reading without spaces; "@" and each word of
-- who is in it; "#" and each language that is heard, en for en-GB, too.
CREATE FUNCTION title_keys(name text, other_name text, cast_keys text[], languages text[]) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH readings AS (
        SELECT DISTINCT string_to_array(spaced_text(replace(n, '-', joint)), ' ') AS words
        FROM unnest(ARRAY[name, other_name]) n, unnest(ARRAY[' ', '']) joint WHERE n <> '')
    SELECT coalesce(array_to_tsvector(array_agg(DISTINCT key)), '') FROM (
        SELECT '=' || left(array_to_string(words[:50], ' '), 100) FROM readings
        UNION ALL SELECT '~' || left(array_to_string(words[i:i + 49], ' '), 100) FROM readings, generate_series(1, least(cardinality(words), 64)) i
        UNION ALL SELECT '+' || left(array_to_string(words[:100], ''), 100) FROM readings
        UNION ALL SELECT '@' || left(spaced_text(word), 100)
            FROM unnest(string_to_array(replace(name_text(array_to_string(cast_keys[:200], ' ')), '-', ' '), ' ')) word WHERE word <> ''
        UNION ALL SELECT '#' || array_to_string(parts[:i], '-')
            FROM unnest(languages) tag, string_to_array(lower(tag), '-') parts, generate_series(1, cardinality(parts)) i
    ) k(key)
$$;

-- Searches read the names of many rows: they stay in the heap. Keys are compared where an index does not, one long text after
-- the other: not compressed.
ALTER TABLE titles ALTER COLUMN name SET STORAGE MAIN, ALTER COLUMN other_name SET STORAGE MAIN;
SELECT refresh_titles(ARRAY(SELECT id FROM titles));
ALTER TABLE titles
    ADD COLUMN keys tsvector GENERATED ALWAYS AS (title_keys(name, other_name, cast_keys, audio_languages)) STORED,
    ALTER COLUMN keys SET STORAGE EXTERNAL;
CREATE INDEX titles_keys ON titles USING gin (keys);
DROP INDEX titles_names;

-- The words that are, or were, in names, for searches with a typing error. A word may stand there twice: nobody waits for
-- another to have learnt it.
CREATE TABLE name_words (word text NOT NULL);
CREATE INDEX name_words_word ON name_words (word);
CREATE INDEX name_words_similar ON name_words USING gin (word gin_trgm_ops);

CREATE FUNCTION words_of(names text[]) RETURNS SETOF text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT DISTINCT word FROM unnest(names) n, unnest(ARRAY[' ', '']) joint, unnest(string_to_array(replace(n, '-', joint), ' ')) word
    WHERE length(word) BETWEEN 3 AND 40 AND spaced_text(word) = word
$$;

INSERT INTO name_words SELECT DISTINCT word FROM titles, words_of(ARRAY[name, other_name]) word WHERE content_type <> 'collection';

-- Planned anew each time: the first plan would be one for an empty table.
-- +goose StatementBegin
CREATE FUNCTION learn_words() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    renamed text := '';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        renamed := 'AND EXISTS (SELECT FROM before WHERE before.id = changed.id AND (before.name, before.other_name) <> (changed.name, changed.other_name))';
    END IF;
    EXECUTE 'INSERT INTO name_words SELECT DISTINCT word FROM changed, words_of(ARRAY[changed.name, changed.other_name]) word
        WHERE content_type <> ''collection'' AND NOT EXISTS (SELECT FROM name_words known WHERE known.word = word.word) ' || renamed;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER titles_new_words AFTER INSERT ON titles REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION learn_words();
CREATE TRIGGER titles_other_words AFTER UPDATE ON titles REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION learn_words();

-- What is popular of one kind, and what is of a genre: an episode is of its show's. The function lets the planner look at how many
-- titles the genre has, which it does not with a query in its place.
CREATE INDEX titles_ranked ON titles (content_type, popularity, id) WHERE published;
CREATE INDEX titles_whole ON titles ((coalesce(parent_id, id)));
CREATE FUNCTION genre_of(text) RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT id FROM genres WHERE slug = $1 $$;

-- The parts of the corpus of suggestions: wire.SuggestPart.
CREATE INDEX titles_part ON titles ((get_byte(uuid_send(id), 15) % 64), id) WHERE published;

-- Starts are counted all at once, in no order.
DROP INDEX play_starts_at;

-- +goose Down
CREATE INDEX play_starts_at ON play_starts (started_at);
DROP INDEX titles_part, titles_ranked, titles_whole;
DROP TRIGGER titles_new_words ON titles;
DROP TRIGGER titles_other_words ON titles;
DROP TABLE name_words;
ALTER TABLE titles DROP COLUMN keys;
DROP FUNCTION genre_of, learn_words, words_of, title_keys, search_words, spaced_text;
CREATE OR REPLACE FUNCTION name_text(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT btrim(regexp_replace(search_text($1), '\s+', ' ', 'g')) $$;
ALTER TABLE titles ALTER COLUMN name SET STORAGE EXTENDED, ALTER COLUMN other_name SET STORAGE EXTENDED;
SELECT refresh_titles(ARRAY(SELECT id FROM titles));
CREATE INDEX titles_names ON titles USING gin (name gin_trgm_ops, other_name gin_trgm_ops);
