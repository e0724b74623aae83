#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/common/sampler/support.h"

static void refuses(const char *name, const char *options, const char *part) {
    hopt_space *space = space_of("{'a':{'_type':'uniform','_value':[0,1]}}");
    json_t *json = json_loads(options, 0, NULL);
    cr_assert_not_null(json, "%s", options);
    hopt_error err = {0};
    hopt_sampler *sampler;
    cr_assert_eq(hopt_sampler_open(&sampler, name, space, json, 1, &err), HOPT_EINVAL, "%s",
                 options);
    cr_assert_null(sampler);
    cr_assert_not_null(strstr(err.message, part), "%s", err.message);
    cr_assert_eq(hopt_sampler_check(name, json, &err), HOPT_EINVAL);
    json_decref(json);
    hopt_space_free(space);
}

Test(kinds, bad_options_are_named) {
    refuses("bogus", "{}",
            "unknown name \"bogus\"; known: auto, gp, tpe, random, hyperopt, anneal, mix");
    refuses("tpe", "{\"candidats\": 3}",
            "unknown option \"candidats\"; `tpe` knows: startup, candidates, repeat");
    refuses("tpe", "{\"candidates\": 0}", "\"candidates\" must be an integer between 1 and 10000");
    refuses("tpe", "{\"candidates\": 2.5}", "\"candidates\" must be an integer");
    refuses("tpe", "{\"candidates\": \"24\"}", "\"candidates\" must be an integer");
    refuses("tpe", "{\"startup\": 1e300}", "\"startup\" must be an integer");
    refuses("random", "{\"repeat\": 1}", "\"repeat\" must be true or false");
    refuses("random", "[]", "must be an object");
}

/* What is in effect passes the check and is, once more, in effect as it is: nothing is left open.
 */
Test(kinds, effective_options_are_all_of_them_in_their_own_type) {
    for (size_t i = 0; hopt_sampler_kinds()[i]; i++) {
        const hopt_sampler_kind *kind = hopt_sampler_kinds()[i];
        json_t *all = hopt_sampler_effective(kind->name, NULL);
        size_t options = 0;
        for (const hopt_sampler_option *o = kind->options; o && o->name; o++, options++) {
            json_t *initial = hopt_sampler_option_default(o);
            cr_assert(json_equal(json_object_get(all, o->name), initial), "%s", o->name);
            json_decref(initial);
        }
        cr_assert_eq(json_object_size(all), options);
        cr_assert_eq(hopt_sampler_check(kind->name, all, NULL), HOPT_OK);
        json_t *again = hopt_sampler_effective(kind->name, all);
        cr_assert(json_equal(all, again));
        json_decref(again);
        json_decref(all);
    }
    json_t *given =
        json_loads("{\"name\": \"mix\", \"seed\": 3, \"gamma\": 1, \"n_startup_jobs\": 5.0,"
                   "\"p_suggest\": [[1, \"anneal\"]]}",
                   0, NULL);
    json_t *all = hopt_sampler_effective("mix", given);
    cr_assert(json_is_real(json_object_get(all, "gamma")));
    cr_assert(json_is_integer(json_object_get(all, "n_startup_jobs")));
    cr_assert(
        json_is_real(json_array_get(json_array_get(json_object_get(all, "p_suggest"), 0), 0)));
    cr_assert_null(json_object_get(all, "seed"));
    json_decref(all);
    json_decref(given);
}

Test(kinds, good_options_and_the_default) {
    hopt_space *space = space_of("{'a':{'_type':'uniform','_value':[0,1]}}");
    hopt_sampler *sampler = open_sampler(
        "tpe", space, "{'name':'tpe','seed':7,'candidates':48.0,'startup':1,'repeat':true}", 1);
    hopt_sampler_close(sampler);
    hopt_sampler_close(open_sampler(NULL, space, NULL, 1));
    hopt_sampler_close(NULL);
    cr_assert_str_eq(hopt_sampler_kinds()[0]->name, "auto");
    cr_assert_eq(hopt_sampler_find("gp"), hopt_sampler_kinds()[1]);
    cr_assert_eq(hopt_sampler_find("tpe"), hopt_sampler_kinds()[2]);
    cr_assert_null(hopt_sampler_find(""));
    cr_assert_eq(hopt_sampler_check("tpe", NULL, NULL), HOPT_OK);
    hopt_space_free(space);
}
