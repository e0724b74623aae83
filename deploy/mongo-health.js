// The health check of mongod: begins the replica set at the first call, succeeds once this member
// takes writes. Run as: mongosh --quiet --nodb mongo-health.js
const password = require("fs").readFileSync("/run/secrets/mongo-root-password", "utf8").trim();
const admin = connect(`mongodb://root:${password}@127.0.0.1:27017/admin?directConnection=true`);
const hello = admin.hello();
// Without a set name it is the image's own first start, which makes the users and ends again.
if (hello.setName !== "rs0" || !hello.isWritablePrimary) {
  try {
    admin.adminCommand({ replSetGetStatus: 1 });
  } catch (error) {
    if (error.codeName !== "NotYetInitialized") throw error;
    admin.adminCommand({
      replSetInitiate: { _id: "rs0", members: [{ _id: 0, host: "mongo:27017" }] },
    });
  }
  quit(1);
}
quit(0);
