-- An index as version 1 of the schema had it, with content. Never to be changed: such indexes are there.
PRAGMA journal_mode = WAL;
BEGIN;
-- The index of an archive, version 1 (PRAGMA user_version). Times of day are microseconds since 1970 unless said otherwise, times in a
-- film nanoseconds from what players call 0.

-- With what films were described: a model, a prompt and settings.
CREATE TABLE runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,             -- SHA-256 over the model's and the prompt's digest, the settings and the version
  model_name TEXT NOT NULL,
  model_digest TEXT NOT NULL,
  quantization TEXT NOT NULL,
  prompt_digest TEXT NOT NULL,
  settings TEXT NOT NULL,               -- a JSON object
  language TEXT NOT NULL,               -- of the sentences: english, german, …; simple: not known
  version TEXT NOT NULL,                -- of the program
  time INTEGER NOT NULL                 -- when it first began
);

-- Films, known by their content wherever they lie, and files that are none.
CREATE TABLE videos (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,             -- of the content
  path BLOB UNIQUE,                     -- where it was seen last, as the file system has it; NULL: another film lies there now
  shown TEXT NOT NULL,                  -- the path as valid UTF-8
  size INTEGER NOT NULL,                -- bytes
  mtime INTEGER NOT NULL,               -- of the file, nanoseconds since 1970
  container TEXT,
  codec TEXT,
  width INTEGER NOT NULL,               -- pixels; 0: not known
  height INTEGER NOT NULL,
  duration INTEGER NOT NULL,            -- nanoseconds; 0: not known
  newest_run INTEGER REFERENCES runs    -- that said something of it: what is searched
);

-- How far a run is with a film. No row: not begun.
CREATE TABLE progress (
  video INTEGER NOT NULL REFERENCES videos,
  run INTEGER NOT NULL REFERENCES runs,
  state TEXT NOT NULL CHECK (state IN ('begun', 'done', 'failed')),
  reason TEXT,
  PRIMARY KEY (video, run)
) WITHOUT ROWID;

-- Who is describing a film just now.
CREATE TABLE claims (
  video INTEGER NOT NULL REFERENCES videos,
  run INTEGER NOT NULL REFERENCES runs,
  host TEXT NOT NULL,                   -- the machine since it was started, and its name space of processes
  pid INTEGER NOT NULL,
  born INTEGER NOT NULL,                -- when the process began, ticks since the machine was started
  renewed INTEGER NOT NULL,             -- the last sign of life
  PRIMARY KEY (video, run)
) WITHOUT ROWID;

-- What was said of a stretch of a film.
CREATE TABLE windows (
  id INTEGER PRIMARY KEY,
  video INTEGER NOT NULL REFERENCES videos,
  run INTEGER NOT NULL REFERENCES runs,
  start INTEGER NOT NULL,               -- nanoseconds of the film
  "end" INTEGER NOT NULL,
  text TEXT NOT NULL,                   -- one line; a zero width space before characters of scripts that write without blanks
  frames TEXT,                          -- times of the pictures that were shown, a JSON array of nanoseconds
  finish TEXT,                          -- stop, length, cancelled
  prompt_tokens INTEGER,
  generated_tokens INTEGER,
  queue_ms REAL,                        -- how long it took
  vision_ms REAL,
  prefill_ms REAL,
  decode_ms REAL,
  UNIQUE (video, run, start)
);

-- What is rarely read of a window.
CREATE TABLE details (
  "window" INTEGER PRIMARY KEY REFERENCES windows ON DELETE CASCADE,
  record TEXT,                          -- the JSON record as it came
  thumbnail BLOB                        -- JPEG
);

-- The full text of windows.text: word forms by Porter's rules.
CREATE VIRTUAL TABLE sentences USING fts5 (text, content='windows', content_rowid='id',
  tokenize='porter unicode61 remove_diacritics 2');
CREATE TRIGGER windows_added AFTER INSERT ON windows BEGIN
  INSERT INTO sentences (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER windows_removed AFTER DELETE ON windows BEGIN
  INSERT INTO sentences (sentences, rowid, text) VALUES ('delete', old.id, old.text);
END;
CREATE TRIGGER windows_changed AFTER UPDATE OF text ON windows WHEN old.text IS NOT new.text BEGIN
  INSERT INTO sentences (sentences, rowid, text) VALUES ('delete', old.id, old.text);
  INSERT INTO sentences (rowid, text) VALUES (new.id, new.text);
END;

-- Every word that was ever said, in lower case and without accents: from these come suggestions.
CREATE TABLE words (
  word TEXT PRIMARY KEY
) WITHOUT ROWID;
PRAGMA application_id = 1278495064;
PRAGMA user_version = 1;

INSERT INTO runs (id, key, model_name, model_digest, quantization, prompt_digest, settings, language, version, time) VALUES
  (1, 'key of scout', 'scout', 'sha256:scout', 'bf16', 'sha256:of the prompt', '{"frames":4}', 'english', '0.1.0', 1700000000000001);
INSERT INTO runs (id, key, model_name, model_digest, quantization, prompt_digest, settings, language, version, time) VALUES
  (2, 'key of maverick', 'maverick', 'sha256:maverick', 'bf16', 'sha256:of the prompt', '{"frames":8}', 'english', '0.1.0', 1700000000000002);
INSERT INTO videos (id, key, path, shown, size, mtime, container, codec, width, height, duration, newest_run) VALUES
  (1, '1-a', x'2f66696c6d732f612e6d6b76', '/films/a.mkv', 1000, 1600000000000000001, 'matroska', 'h264', 320, 240, 12000000000, 2);
INSERT INTO videos (id, key, path, shown, size, mtime, container, codec, width, height, duration, newest_run) VALUES
  (2, '1-b', x'2f66696c6d732f636166e92e6d7034', '/films/caf�.mp4', 2000, 1600000000000000002, 'mp4', 'h264', 320, 240, 12000000000, 1);
INSERT INTO videos (id, key, path, shown, size, mtime, container, codec, width, height, duration, newest_run) VALUES
  (3, '1-c', x'2f66696c6d732f6261642e6d7034', '/films/bad.mp4', 3000, 1600000000000000003, NULL, NULL, 0, 0, 0, NULL);
INSERT INTO videos (id, key, path, shown, size, mtime, container, codec, width, height, duration, newest_run) VALUES
  (4, '1-d', NULL, '/films/gone.mp4', 4000, 1600000000000000004, 'mp4', 'h264', 320, 240, 12000000000, 1);
INSERT INTO progress (video, run, state, reason) VALUES (1, 1, 'done', NULL);
INSERT INTO progress (video, run, state, reason) VALUES (1, 2, 'begun', NULL);
INSERT INTO progress (video, run, state, reason) VALUES (2, 1, 'begun', NULL);
INSERT INTO progress (video, run, state, reason) VALUES (3, 1, 'failed', 'is no film');
INSERT INTO progress (video, run, state, reason) VALUES (4, 1, 'done', NULL);
INSERT INTO windows (id, video, run, start, "end", text, frames, finish, prompt_tokens, generated_tokens, queue_ms, vision_ms, prefill_ms, decode_ms) VALUES
  (1, 1, 1, 0, 4000000000, 'A red circle moves right.', '[0]', 'stop', 700, 9, 0.5, 20.25, 30, 40.125);
INSERT INTO details ("window", record, thumbnail) VALUES (1, '{"frames":[0]}', x'706963747572652031');
INSERT INTO windows (id, video, run, start, "end", text, frames, finish, prompt_tokens, generated_tokens, queue_ms, vision_ms, prefill_ms, decode_ms) VALUES
  (2, 1, 1, 4000000000, 8000000000, 'The circle stands still; ''quoted'' <b>bold</b>.', '[4000000000]', 'stop', 700, 9, 0.5, 20.25, 30, 40.125);
INSERT INTO details ("window", record, thumbnail) VALUES (2, '{"frames":[4]}', x'706963747572652032');
INSERT INTO windows (id, video, run, start, "end", text, frames, finish, prompt_tokens, generated_tokens, queue_ms, vision_ms, prefill_ms, decode_ms) VALUES
  (3, 1, 1, 8000000000, 12000000000, '红​色​的​圆', '[8000000000]', 'stop', 700, 9, 0.5, 20.25, 30, 40.125);
INSERT INTO details ("window", record, thumbnail) VALUES (3, '{"frames":[8]}', x'706963747572652033');
INSERT INTO windows (id, video, run, start, "end", text, frames, finish, prompt_tokens, generated_tokens, queue_ms, vision_ms, prefill_ms, decode_ms) VALUES
  (4, 1, 2, 0, 4000000000, 'A yellow ring rolls.', '[0]', 'stop', 700, 9, 0.5, 20.25, 30, 40.125);
INSERT INTO details ("window", record, thumbnail) VALUES (4, '{"frames":[0]}', x'706963747572652034');
INSERT INTO windows (id, video, run, start, "end", text, frames, finish, prompt_tokens, generated_tokens, queue_ms, vision_ms, prefill_ms, decode_ms) VALUES
  (5, 2, 1, 0, 4000000000, 'Children play on the beach.', '[0]', 'stop', 700, 9, 0.5, 20.25, 30, 40.125);
INSERT INTO details ("window", record, thumbnail) VALUES (5, '{"frames":[0]}', x'706963747572652035');
INSERT INTO windows (id, video, run, start, "end", text, frames, finish, prompt_tokens, generated_tokens, queue_ms, vision_ms, prefill_ms, decode_ms) VALUES
  (6, 4, 1, 0, 4000000000, 'A red circle that is gone.', '[0]', 'stop', 700, 9, 0.5, 20.25, 30, 40.125);
INSERT INTO details ("window", record, thumbnail) VALUES (6, '{"frames":[0]}', x'706963747572652036');
INSERT INTO words (word) VALUES ('a'), ('b'), ('beach'), ('bold'), ('children'), ('circle'), ('gone'), ('is'), ('moves'), ('on'), ('play'), ('quoted'), ('red'), ('right'), ('ring'), ('rolls'), ('stands'), ('still'), ('that'), ('the'), ('yellow'), ('圆'), ('的'), ('红'), ('色');
COMMIT;
