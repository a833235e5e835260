-- The audit log and repeated requests tell tokens by their names: each name is given once, also after a token was revoked.
-- Of tokens with one name the first keeps it, and the others get their number after it; should that be a name already, something random.
UPDATE token SET name = substr(name, 1, 80) || ' (#' || id || ')'
WHERE EXISTS (SELECT 1 FROM token AS t WHERE t.name = token.name AND t.id < token.id);

UPDATE token SET name = substr(name, 1, 80) || ' ' || lower(hex(randomblob(6)))
WHERE EXISTS (SELECT 1 FROM token AS t WHERE t.name = token.name AND t.id < token.id);

CREATE UNIQUE INDEX token_by_name ON token (name);
