const { join } = require("node:path");

/** Loads every native part of a built unit, by whatever Node runs this. usage: load-natives.cjs FOLDER-OF-THE-UNIT */
const unit = process.argv[2];
for (const name of ["node_sqlite3", "i2c", "epoll", "serialport"])
  require(join(unit, "native", `${name}.node`));
for (const name of ["koffi", "sharp"]) require(join(unit, "node_modules", name));
console.log(`all native parts of ${unit} load on ${process.arch}`);
