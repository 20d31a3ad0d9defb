-- The index of an archive, from version 2 to version 3 (llama4.version): paths of any length.
UPDATE llama4.version SET version = 3;

-- A path is looked up, and is there once, by its hash: what an index holds whole can be no longer than a third of a page.
ALTER TABLE llama4.videos DROP CONSTRAINT videos_path_key;
ALTER TABLE llama4.videos ADD CONSTRAINT videos_path_key EXCLUDE USING hash (path WITH =);
