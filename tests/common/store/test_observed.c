/* A watched store: every slot of the driver's table is handed on, and told of. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/store.h"
#include "common/store/store_observed.h"

typedef struct heard {
    int calls[HOPT_STORE_OPS], errors, conflicts, done;
} heard;

static void on_call(void *data, const hopt_store_call *call) {
    heard *h = data;
    cr_assert_geq(call->duration_ns, 0);
    h->calls[call->op]++;
    h->errors += call->status == HOPT_ESTORE || call->status == HOPT_EUNAVAILABLE;
    h->conflicts += (int)call->conflicts;
    h->done += (int)call->done;
}

/* Slot by slot: what the inner table has is there, and is ours; what it lacks is lacking. */
static void compare(const void *outer, const void *inner, size_t size, const char *what) {
    const void *const *a = outer, *const *b = inner;
    for (size_t i = 0; i < size / sizeof(void *); i++) {
        cr_expect_eq(a[i] == NULL, b[i] == NULL, "%s: slot %zu", what, i);
        cr_expect(!b[i] || a[i] != b[i], "%s: slot %zu is not watched", what, i);
    }
}

static void compare_tables(const hopt_store_driver_ops *inner) {
    heard h = {0};
    hopt_store_observer observer = {on_call, &h};
    const hopt_store_driver_ops *ops;
    void *self;
    hopt_store__observe(&ops, &self, inner, NULL, &observer);
    cr_expect_str_eq(ops->name, inner->name);
    /* name and open come first: the front has them of the inner table. */
    size_t from = offsetof(hopt_store_driver_ops, close);
    compare((const char *)ops + from, (const char *)inner + from, sizeof *ops - from, inner->name);
    if (inner->driven) compare(ops->driven, inner->driven, sizeof *ops->driven, "driven");
    free(self);
}

Test(observed, every_slot_is_watched) {
    compare_tables(&hopt_store_sqlite);
#ifdef HOPT_TEST_MONGO_DRIVER
    compare_tables(&hopt_store_mongo);
#endif
}

Test(observed, every_operation_has_a_name) {
    for (int op = 0; op < HOPT_STORE_OPS; op++) {
        const char *name = hopt_store_op_name((hopt_store_op)op);
        cr_assert(name && name[0]);
        for (int other = 0; other < op; other++)
            cr_assert_str_neq(name, hopt_store_op_name((hopt_store_op)other));
    }
}

static hopt_trial *trial(const hopt_study_record *study, int num) {
    hopt_trial *one = hopt_zalloc(1, sizeof *one);
    one->id = hopt_trial_id_make(study->prefix, num);
    one->num = num;
    one->tid = num + 100;
    snprintf(one->study, sizeof one->study, "%s", study->name);
    one->vals = json_object();
    one->params = json_object();
    return one;
}

Test(observed, what_happened_is_told) {
    heard h = {0};
    hopt_store_observer observer = {on_call, &h};
    hopt_store_options options = {.create = true, .observer = &observer};
    hopt_store *store;
    hopt_error err;
    cr_assert_eq(hopt_store_open(&store, "sqlite::memory:", &options, &err), HOPT_OK);
    cr_expect_eq(h.calls[HOPT_STORE_OP_OPEN], 1);
    cr_expect_str_eq(hopt_store_driver(store), "sqlite");
    static char spec[] = "{}";
    hopt_study_record study = {.name = {'s'}, .spec = spec};
    cr_assert_eq(hopt_store_study_create(store, &study, &err), HOPT_OK, "%s", err.message);
    cr_expect_eq(hopt_store_study_create(store, &study, &err), HOPT_ECONFLICT);
    cr_expect_eq(h.conflicts, 1);
    hopt_trial *list[] = {trial(&study, 0), trial(&study, 1), trial(&study, 1)};
    size_t inserted;
    list[2]->tid++;
    cr_expect_eq(hopt_store_enqueue(store, list, 3, &inserted, &err), HOPT_ECONFLICT);
    cr_expect_eq(inserted, 2);
    cr_expect_eq(h.done, 2);
    cr_expect_eq(h.conflicts, 2);
    hopt_trial *claimed;
    cr_assert_eq(hopt_store_claim(store, &claimed, "s", "host:1:00000000", &err), HOPT_OK);
    hopt_lease lease = {claimed->id, "s", "host:1:00000000", claimed->lease + 1};
    hopt_result result = {.state = HOPT_DONE, .ok = true, .has_loss = true, .loss = 1};
    cr_expect_eq(hopt_store_finish(store, &lease, &result, &err), HOPT_ECONFLICT);
    cr_expect_eq(h.conflicts, 3, "one among many");
    lease.lease--;
    cr_expect_eq(hopt_store_finish(store, &lease, &result, &err), HOPT_OK);
    cr_expect_eq(h.calls[HOPT_STORE_OP_FINISH], 2);
    cr_expect_eq(h.calls[HOPT_STORE_OP_CLAIM], 1);
    hopt_trial_free(claimed);
    /* What the front refuses never gets there. */
    cr_expect_eq(hopt_store_claim(store, &claimed, "no such name!", "o", &err), HOPT_EINVAL);
    cr_expect_eq(h.calls[HOPT_STORE_OP_CLAIM], 1);
    cr_expect_eq(h.errors, 0);
    for (size_t i = 0; i < HOPT_COUNT(list); i++)
        hopt_trial_free(list[i]);
    hopt_store_close(store);

    cr_expect_neq(hopt_store_open(&store, "sqlite:/nowhere/at/all.db", &options, &err), HOPT_OK);
    cr_expect_eq(h.errors, 1, "a store that can't be opened is an error");
}
