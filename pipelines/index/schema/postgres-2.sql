-- The index of an archive, from version 1 to version 2 (llama4.version): what is searched of a film is a whole description, and films are
-- described again beside what was said of them before.
UPDATE llama4.version SET version = 2;

-- NULL, or the run whose films are described again in this one, with the same model, prompt and settings. Such a run is never searched: when a
-- film is done in it, its windows take the place of those of the other. The key of run 7's is "again 7". Claims are those of run 7 alone.
ALTER TABLE llama4.runs ADD COLUMN again_of bigint REFERENCES llama4.runs;

-- Which description of the film was done last: the highest of them. 0: it is not done.
ALTER TABLE llama4.progress ADD COLUMN turn bigint NOT NULL DEFAULT 0;
UPDATE llama4.progress SET turn = run WHERE state = 'done';

-- videos.newest_run, what is searched: of the runs that described the film to its end the one that was done last; while there is none, the one
-- that came furthest. Version 1 took the newest from its first window on.
UPDATE llama4.videos SET newest_run = COALESCE((
  SELECT p.run FROM llama4.progress AS p
  WHERE p.video = videos.id AND EXISTS (SELECT 1 FROM llama4.windows AS w WHERE w.video = p.video AND w.run = p.run)
  ORDER BY p.turn DESC,
    (SELECT w."end" FROM llama4.windows AS w WHERE w.video = p.video AND w.run = p.run ORDER BY w.start DESC LIMIT 1) DESC, p.run DESC
  LIMIT 1), newest_run);

-- Every film and file with its state and reason: in the run that is searched, or where none said anything in the newest that met it.
CREATE VIEW llama4.films AS
  SELECT v.id, v.key, v.path, v.shown, v.size, v.mtime, v.container, v.codec, v.width, v.height, v.duration, p.run, p.state, p.reason
  FROM llama4.videos AS v LEFT JOIN llama4.progress AS p
    ON p.video = v.id AND p.run = COALESCE(v.newest_run, (SELECT max(run) FROM llama4.progress WHERE video = v.id));

-- The contents of all files that were written beside films: a file that has another was made or changed by somebody else.
CREATE TABLE llama4.written (
  digest text PRIMARY KEY               -- SHA-256, in hexadecimal
);
