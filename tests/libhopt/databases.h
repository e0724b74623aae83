/** The stores of a test: a SQLite file in its folder, or a MongoDB database of its own. */
#ifndef HOPT_TESTS_LIBHOPT_DATABASES_H
#define HOPT_TESTS_LIBHOPT_DATABASES_H

/** Make the stores MongoDB databases on the server of HOPT_TEST_MONGO_URI. @return false: none. */
int use_mongo(void);
/** The URI of a store: `name` in `folder`, or a database. */
void store_in(char uri[128], const char *folder, const char *name);
/** Remove the folder, and the databases that store_in() named. */
void remove_stores(const char *folder);

#endif
