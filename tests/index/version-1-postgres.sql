-- An index as version 1 of the schema had it, with content. Never to be changed: such indexes are there.
BEGIN;
SET LOCAL search_path = llama4, pg_catalog;
-- The index of an archive, version 1 (llama4.version). Times of day are microseconds since 1970 unless said otherwise, times in a film
-- nanoseconds from what players call 0.
CREATE SCHEMA IF NOT EXISTS llama4;

CREATE TABLE llama4.version (
  version bigint NOT NULL               -- of this schema
);
INSERT INTO llama4.version VALUES (1);

-- With what films were described: a model, a prompt and settings.
CREATE TABLE llama4.runs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key text NOT NULL UNIQUE,             -- SHA-256 over the model's and the prompt's digest, the settings and the version
  model_name text NOT NULL,
  model_digest text NOT NULL,
  quantization text NOT NULL,
  prompt_digest text NOT NULL,
  settings text NOT NULL,               -- a JSON object
  language text NOT NULL,               -- of the sentences: english, german, …; simple: not known
  version text NOT NULL,                -- of the program
  time bigint NOT NULL                  -- when it first began
);

-- Films, known by their content wherever they lie, and files that are none.
CREATE TABLE llama4.videos (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key text NOT NULL UNIQUE,             -- of the content
  path bytea UNIQUE,                    -- where it was seen last, as the file system has it; NULL: another film lies there now
  shown text NOT NULL,                  -- the path as valid UTF-8
  size bigint NOT NULL,                 -- bytes
  mtime bigint NOT NULL,                -- of the file, nanoseconds since 1970
  container text,
  codec text,
  width bigint NOT NULL,                -- pixels; 0: not known
  height bigint NOT NULL,
  duration bigint NOT NULL,             -- nanoseconds; 0: not known
  newest_run bigint REFERENCES llama4.runs      -- that said something of it: what is searched
);

-- How far a run is with a film. No row: not begun.
CREATE TABLE llama4.progress (
  video bigint NOT NULL REFERENCES llama4.videos,
  run bigint NOT NULL REFERENCES llama4.runs,
  state text NOT NULL CHECK (state IN ('begun', 'done', 'failed')),
  reason text,
  PRIMARY KEY (video, run)
);

-- Who is describing a film just now.
CREATE TABLE llama4.claims (
  video bigint NOT NULL REFERENCES llama4.videos,
  run bigint NOT NULL REFERENCES llama4.runs,
  host text NOT NULL,                   -- the machine since it was started, and its name space of processes
  pid bigint NOT NULL,
  born bigint NOT NULL,                 -- when the process began, ticks since the machine was started
  renewed bigint NOT NULL,              -- the last sign of life, by the server's clock
  PRIMARY KEY (video, run)
);

-- What was said of a stretch of a film.
CREATE TABLE llama4.windows (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  video bigint NOT NULL REFERENCES llama4.videos,
  run bigint NOT NULL REFERENCES llama4.runs,
  start bigint NOT NULL,                -- nanoseconds of the film
  "end" bigint NOT NULL,
  text text NOT NULL,                   -- one line
  frames text,                          -- times of the pictures that were shown, a JSON array of nanoseconds
  finish text,                          -- stop, length, cancelled
  prompt_tokens bigint,
  generated_tokens bigint,
  queue_ms double precision,            -- how long it took
  vision_ms double precision,
  prefill_ms double precision,
  decode_ms double precision,
  words tsvector NOT NULL,              -- the text's words, as lexemes() has them
  UNIQUE (video, run, start)
);
CREATE INDEX windows_words ON llama4.windows USING gin (words) WITH (fastupdate = off);

-- What is rarely read of a window.
CREATE TABLE llama4.details (
  "window" bigint PRIMARY KEY REFERENCES llama4.windows ON DELETE CASCADE,
  record text,                          -- the JSON record as it came
  thumbnail bytea                       -- JPEG
);

-- Every word that was ever said, in lower case: from these come suggestions.
CREATE TABLE llama4.words (
  word text PRIMARY KEY
);

-- Dictionaries that find a word's stem and leave no word out: sentences are short, and "on the table" is a phrase.
CREATE TEXT SEARCH DICTIONARY llama4.simple (TEMPLATE = pg_catalog.simple);
DO $$
DECLARE
  language text;
BEGIN
  FOR language IN
    SELECT substr(dictname, 1, length(dictname) - 5) FROM pg_catalog.pg_ts_dict
    WHERE dictnamespace = 'pg_catalog'::regnamespace AND dictname LIKE '%\_stem'
  LOOP
    EXECUTE format('CREATE TEXT SEARCH DICTIONARY llama4.%I (TEMPLATE = pg_catalog.snowball, LANGUAGE = %I)', language, language);
  END LOOP;
END $$;

-- The dictionary of a language; of one that has none, the one that takes words as they are.
CREATE FUNCTION llama4.dictionary(language text) RETURNS regdictionary STABLE LANGUAGE sql AS $$
  SELECT COALESCE(
    (SELECT oid FROM pg_catalog.pg_ts_dict WHERE dictnamespace = 'llama4'::regnamespace AND dictname = dictionary.language),
    'llama4.simple'::regdictionary::oid)::regdictionary
$$;

-- A text's words with their places. words and folded: JSON arrays of them in order, in lower case, with accents and without; each is
-- found in both spellings.
CREATE FUNCTION llama4.lexemes(language text, words text, folded text) RETURNS tsvector STABLE LANGUAGE sql AS $$
  WITH spellings AS (
    SELECT value AS word, LEAST(ordinality, 16383) AS place FROM json_array_elements_text(words::json) WITH ORDINALITY
    UNION
    SELECT value, LEAST(ordinality, 16383) FROM json_array_elements_text(folded::json) WITH ORDINALITY
  ), stems AS (
    SELECT COALESCE((ts_lexize(dictionary, word))[1], word) AS stem, place
    FROM spellings, (SELECT llama4.dictionary(language) AS dictionary OFFSET 0) AS d
  )
  SELECT COALESCE(string_agg('''' || replace(replace(stem, '\', '\\'), '''', '''''') || ''':' || place, ' '), '')::tsvector FROM stems
$$;

INSERT INTO llama4.runs (id, key, model_name, model_digest, quantization, prompt_digest, settings, language, version, time) OVERRIDING SYSTEM VALUE VALUES
  (1, 'key of scout', 'scout', 'sha256:scout', 'bf16', 'sha256:of the prompt', '{"frames":4}', 'english', '0.1.0', 1700000000000001);
INSERT INTO llama4.runs (id, key, model_name, model_digest, quantization, prompt_digest, settings, language, version, time) OVERRIDING SYSTEM VALUE VALUES
  (2, 'key of maverick', 'maverick', 'sha256:maverick', 'bf16', 'sha256:of the prompt', '{"frames":8}', 'english', '0.1.0', 1700000000000002);
INSERT INTO llama4.videos (id, key, path, shown, size, mtime, container, codec, width, height, duration, newest_run) OVERRIDING SYSTEM VALUE VALUES
  (1, '1-a', '\x2f66696c6d732f612e6d6b76', '/films/a.mkv', 1000, 1600000000000000001, 'matroska', 'h264', 320, 240, 12000000000, 2);
INSERT INTO llama4.videos (id, key, path, shown, size, mtime, container, codec, width, height, duration, newest_run) OVERRIDING SYSTEM VALUE VALUES
  (2, '1-b', '\x2f66696c6d732f636166e92e6d7034', '/films/caf�.mp4', 2000, 1600000000000000002, 'mp4', 'h264', 320, 240, 12000000000, 1);
INSERT INTO llama4.videos (id, key, path, shown, size, mtime, container, codec, width, height, duration, newest_run) OVERRIDING SYSTEM VALUE VALUES
  (3, '1-c', '\x2f66696c6d732f6261642e6d7034', '/films/bad.mp4', 3000, 1600000000000000003, NULL, NULL, 0, 0, 0, NULL);
INSERT INTO llama4.videos (id, key, path, shown, size, mtime, container, codec, width, height, duration, newest_run) OVERRIDING SYSTEM VALUE VALUES
  (4, '1-d', NULL, '/films/gone.mp4', 4000, 1600000000000000004, 'mp4', 'h264', 320, 240, 12000000000, 1);
INSERT INTO llama4.progress (video, run, state, reason) VALUES (1, 1, 'done', NULL);
INSERT INTO llama4.progress (video, run, state, reason) VALUES (1, 2, 'begun', NULL);
INSERT INTO llama4.progress (video, run, state, reason) VALUES (2, 1, 'begun', NULL);
INSERT INTO llama4.progress (video, run, state, reason) VALUES (3, 1, 'failed', 'is no film');
INSERT INTO llama4.progress (video, run, state, reason) VALUES (4, 1, 'done', NULL);
INSERT INTO llama4.windows (id, video, run, start, "end", text, frames, finish, prompt_tokens, generated_tokens, queue_ms, vision_ms, prefill_ms, decode_ms, words) OVERRIDING SYSTEM VALUE VALUES
  (1, 1, 1, 0, 4000000000, 'A red circle moves right.', '[0]', 'stop', 700, 9, 0.5, 20.25, 30, 40.125,
  llama4.lexemes('english', '["a", "red", "circle", "moves", "right"]', '["a", "red", "circle", "moves", "right"]'));
INSERT INTO llama4.details ("window", record, thumbnail) VALUES (1, '{"frames":[0]}', '\x706963747572652031');
INSERT INTO llama4.windows (id, video, run, start, "end", text, frames, finish, prompt_tokens, generated_tokens, queue_ms, vision_ms, prefill_ms, decode_ms, words) OVERRIDING SYSTEM VALUE VALUES
  (2, 1, 1, 4000000000, 8000000000, 'The circle stands still; ''quoted'' <b>bold</b>.', '[4000000000]', 'stop', 700, 9, 0.5, 20.25, 30, 40.125,
  llama4.lexemes('english', '["the", "circle", "stands", "still", "quoted", "b", "bold", "b"]', '["the", "circle", "stands", "still", "quoted", "b", "bold", "b"]'));
INSERT INTO llama4.details ("window", record, thumbnail) VALUES (2, '{"frames":[4]}', '\x706963747572652032');
INSERT INTO llama4.windows (id, video, run, start, "end", text, frames, finish, prompt_tokens, generated_tokens, queue_ms, vision_ms, prefill_ms, decode_ms, words) OVERRIDING SYSTEM VALUE VALUES
  (3, 1, 1, 8000000000, 12000000000, '红​色​的​圆', '[8000000000]', 'stop', 700, 9, 0.5, 20.25, 30, 40.125,
  llama4.lexemes('english', '["红", "色", "的", "圆"]', '["红", "色", "的", "圆"]'));
INSERT INTO llama4.details ("window", record, thumbnail) VALUES (3, '{"frames":[8]}', '\x706963747572652033');
INSERT INTO llama4.windows (id, video, run, start, "end", text, frames, finish, prompt_tokens, generated_tokens, queue_ms, vision_ms, prefill_ms, decode_ms, words) OVERRIDING SYSTEM VALUE VALUES
  (4, 1, 2, 0, 4000000000, 'A yellow ring rolls.', '[0]', 'stop', 700, 9, 0.5, 20.25, 30, 40.125,
  llama4.lexemes('english', '["a", "yellow", "ring", "rolls"]', '["a", "yellow", "ring", "rolls"]'));
INSERT INTO llama4.details ("window", record, thumbnail) VALUES (4, '{"frames":[0]}', '\x706963747572652034');
INSERT INTO llama4.windows (id, video, run, start, "end", text, frames, finish, prompt_tokens, generated_tokens, queue_ms, vision_ms, prefill_ms, decode_ms, words) OVERRIDING SYSTEM VALUE VALUES
  (5, 2, 1, 0, 4000000000, 'Children play on the beach.', '[0]', 'stop', 700, 9, 0.5, 20.25, 30, 40.125,
  llama4.lexemes('english', '["children", "play", "on", "the", "beach"]', '["children", "play", "on", "the", "beach"]'));
INSERT INTO llama4.details ("window", record, thumbnail) VALUES (5, '{"frames":[0]}', '\x706963747572652035');
INSERT INTO llama4.windows (id, video, run, start, "end", text, frames, finish, prompt_tokens, generated_tokens, queue_ms, vision_ms, prefill_ms, decode_ms, words) OVERRIDING SYSTEM VALUE VALUES
  (6, 4, 1, 0, 4000000000, 'A red circle that is gone.', '[0]', 'stop', 700, 9, 0.5, 20.25, 30, 40.125,
  llama4.lexemes('english', '["a", "red", "circle", "that", "is", "gone"]', '["a", "red", "circle", "that", "is", "gone"]'));
INSERT INTO llama4.details ("window", record, thumbnail) VALUES (6, '{"frames":[0]}', '\x706963747572652036');
INSERT INTO llama4.words (word) VALUES ('a'), ('b'), ('beach'), ('bold'), ('children'), ('circle'), ('gone'), ('is'), ('moves'), ('on'), ('play'), ('quoted'), ('red'), ('right'), ('ring'), ('rolls'), ('stands'), ('still'), ('that'), ('the'), ('yellow'), ('圆'), ('的'), ('红'), ('色');
SELECT setval(pg_get_serial_sequence('llama4.runs', 'id'), (SELECT max(id) FROM llama4.runs));
SELECT setval(pg_get_serial_sequence('llama4.videos', 'id'), (SELECT max(id) FROM llama4.videos));
SELECT setval(pg_get_serial_sequence('llama4.windows', 'id'), (SELECT max(id) FROM llama4.windows));
COMMIT;
