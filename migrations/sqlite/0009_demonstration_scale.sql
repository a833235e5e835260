-- Cities at scales up to 8, with made-up districts. SQLite cannot change the CHECK of a column, so the table is rebuilt.
CREATE TABLE larger_demonstration (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seed INTEGER NOT NULL,
    scale REAL NOT NULL CHECK (scale > 0 AND scale <= 8),
    -- 0 until all of it has been brought in.
    is_whole INTEGER NOT NULL CHECK (is_whole IN (0, 1)),
    made_at TEXT NOT NULL
) STRICT;
INSERT INTO larger_demonstration SELECT id, seed, scale, is_whole, made_at FROM demonstration;
DROP TABLE demonstration;
ALTER TABLE larger_demonstration RENAME TO demonstration;
