-- The mark of the demonstration city: while it is there, everything in the register is made up.
CREATE TABLE demonstration (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seed INTEGER NOT NULL,
    scale REAL NOT NULL CHECK (scale > 0 AND scale <= 1),
    -- 0 until all of it has been brought in.
    is_whole INTEGER NOT NULL CHECK (is_whole IN (0, 1)),
    made_at TEXT NOT NULL
) STRICT;
