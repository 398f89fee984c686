-- One row per store. The counter never goes back, so that no lease epoch is given twice.
CREATE TABLE store (last_epoch INTEGER NOT NULL) STRICT;
INSERT INTO store VALUES (0);

-- A user id stands here once; records name the account by its number.
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL UNIQUE,
    -- The lease epoch of the owner, if there is one.
    epoch INTEGER
) STRICT;

-- Keys are the encoded keys' UTF-8: as a blob they sort by their bytes and may hold zeros.
-- With a rowid, because values are thousands of bytes: clustered by key they cost twice the CPU.
CREATE TABLE records (
    account INTEGER NOT NULL,
    tbl TEXT NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (account, tbl, key)
) STRICT;
