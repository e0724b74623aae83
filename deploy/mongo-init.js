// Run once by the mongo image, on an empty volume: a user that may use hopt's database and no other.
const password = require("fs").readFileSync("/run/secrets/mongo-hopt-password", "utf8").trim();
db.getSiblingDB("hopt").createUser({
  user: "hopt",
  pwd: password,
  roles: [{ role: "readWrite", db: "hopt" }],
});
