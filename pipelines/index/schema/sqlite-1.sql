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
