/** The centre's tables. Nothing personal in them: what people gave stays in the sealed packet files. */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS units (
  unit TEXT PRIMARY KEY, deviceKey TEXT NOT NULL, sensesKey TEXT, services TEXT NOT NULL, addedAt INTEGER NOT NULL,
  voucherSeq INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS claims (
  device TEXT PRIMARY KEY, unit TEXT NOT NULL, services TEXT NOT NULL, addedBy TEXT NOT NULL, addedAt INTEGER NOT NULL,
  deviceKey TEXT, request TEXT, askedAt INTEGER, approvedBy TEXT, approvedAt INTEGER) STRICT;
CREATE TABLE IF NOT EXISTS submissions (
  sid TEXT PRIMARY KEY, unit TEXT NOT NULL, manifestHash TEXT NOT NULL, manifest TEXT NOT NULL, state TEXT NOT NULL,
  reason TEXT, reference TEXT, number TEXT UNIQUE, firstAt INTEGER NOT NULL, acceptedAt INTEGER, way TEXT,
  receipt TEXT) STRICT;
CREATE TABLE IF NOT EXISTS applications (
  id TEXT PRIMARY KEY, sid TEXT NOT NULL REFERENCES submissions(sid), service TEXT NOT NULL, reference TEXT NOT NULL,
  state TEXT NOT NULL, receivedAt INTEGER NOT NULL,
  approvedBy TEXT, approvedAt INTEGER, refusedBy TEXT, refusedAt INTEGER, reason TEXT,
  item TEXT UNIQUE, itemHash TEXT UNIQUE, producedAt INTEGER,
  assignedBy TEXT, assignedAt INTEGER, unit TEXT, voucher TEXT, assignment TEXT,
  loadedBy TEXT, loadedAt INTEGER, slot TEXT, outcome TEXT, collectedAt INTEGER) STRICT;
CREATE INDEX IF NOT EXISTS applications_sid ON applications(sid);
CREATE TABLE IF NOT EXISTS authorisations (
  id TEXT PRIMARY KEY, unit TEXT NOT NULL, kind TEXT NOT NULL, jws TEXT NOT NULL, application TEXT, seq INTEGER,
  exp INTEGER NOT NULL, at INTEGER NOT NULL, operator TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS credentials (
  id TEXT PRIMARY KEY, unit TEXT NOT NULL, operator TEXT NOT NULL, exp INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS answers (
  unit TEXT NOT NULL, qid TEXT NOT NULL, probeHash TEXT NOT NULL, jws TEXT NOT NULL, exp INTEGER NOT NULL,
  PRIMARY KEY (unit, qid)) STRICT;
CREATE TABLE IF NOT EXISTS journal (
  unit TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, event TEXT NOT NULL, effect TEXT, slot TEXT,
  voucher TEXT, itemHash TEXT, outcome TEXT, detail TEXT, operator TEXT, prevHash TEXT NOT NULL, hash TEXT NOT NULL,
  receivedAt INTEGER NOT NULL, PRIMARY KEY (unit, seq)) STRICT;
CREATE TABLE IF NOT EXISTS operators (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, roles TEXT NOT NULL, salt TEXT NOT NULL, hash TEXT NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0, lockedUntil INTEGER NOT NULL DEFAULT 0, addedAt INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS audit (
  n INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, operator TEXT NOT NULL, act TEXT NOT NULL, subject TEXT,
  detail TEXT) STRICT;
`;
