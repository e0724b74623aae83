#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/trial/study.h"

/* The file of DESIGN §3, comments and all. */
static const char everything[] =
    "// digits\n"
    "{\n"
    "  \"name\": \"digits\",\n"
    "  \"space\": {\n"
    "    \"model\": {\"_type\": \"choice\", \"_value\": [\n"
    "      {\"_name\": \"svm\",    \"C\":     {\"_type\": \"loguniform\", \"_value\": [1e-3, "
    "1e3]},\n"
    "                          \"gamma\": {\"_type\": \"loguniform\", \"_value\": [1e-5, 1]}},\n"
    "      {\"_name\": \"forest\", \"trees\": {\"_type\": \"quniform\", \"_value\": [10, 300, "
    "10]}} "
    "]},\n"
    "    \"scale\": {\"_type\": \"choice\", \"_value\": [true, false]}\n"
    "  },\n"
    "  \"objective\": {\"command\": [\"python3\", \"train.py\", \"--c={model/svm/C}\", "
    "\"{{{model}}}\", \"\"]},\n"
    "  \"direction\": \"maximize\",\n"
    "  \"sampler\":   {\"name\": \"tpe\", \"seed\": 9223372036854775807, \"startup\": 12},\n"
    "  \"stop\":      {\"max_trials\": 200, \"timeout_s\": 3600, \"loss_below\": 0.01,\n"
    "                \"no_progress\": {\"trials\": 50, \"percent\": 0.5}},\n"
    "  \"trial\":     {\"timeout_s\": 300, \"max_attempts\": 4, \"memory_mb\": 2048,\n"
    "                \"file_mb\": 0, \"processes\": 16000,\n"
    "                \"output_mb\": 16, \"retry_errors\": true, \"lease_s\": 2.5, \"grace_s\": "
    "0},\n"
    "  \"queue\":     {\"ahead\": 7},\n"
    "  \"points\":    [{\"model\": {\"_name\": \"svm\", \"C\": 1, \"gamma\": 0.01}, \"scale\": "
    "true},\n"
    "                {\"model\": {\"_name\": \"forest\", \"trees\": 20}, \"scale\": false}]\n"
    "}\n";

#define SPACE "\"space\":{\"x\":{\"_type\":\"uniform\",\"_value\":[0,1]}}"
static const char least[] = "{\"name\":\"a\"," SPACE "}";

static hopt_study_spec *parse_with(const char *text, const char *name, const char *const *sets,
                                   size_t n_sets) {
    hopt_study_spec *spec;
    hopt_errors errors = {0};
    hopt_status status =
        hopt_study_spec_parse(&spec, text, strlen(text), name, sets, n_sets, &errors);
    cr_assert_eq(status, HOPT_OK, "%s", errors.list[0].message);
    cr_assert_eq(errors.total, 0u);
    return spec;
}

static hopt_study_spec *parse(const char *text) {
    return parse_with(text, NULL, NULL, 0);
}

/* The first message of a parse that has to fail. */
static const char *fails(const char *text, const char *name, const char *const *sets,
                         size_t n_sets) {
    static hopt_errors errors;
    memset(&errors, 0, sizeof errors);
    hopt_study_spec *spec = (hopt_study_spec *)&errors;
    cr_assert_eq(hopt_study_spec_parse(&spec, text, strlen(text), name, sets, n_sets, &errors),
                 HOPT_EINVAL, "%s", sets ? sets[0] : text);
    cr_assert_null(spec);
    cr_assert_geq(errors.count, 1u);
    return errors.list[0].message;
}

Test(study, everything_is_read) {
    hopt_study_spec *spec = parse(everything);
    cr_assert_str_eq(spec->name, "digits");
    cr_assert_str_eq(spec->text, everything);
    cr_assert_eq(hopt_space_size(spec->space), 5);
    cr_assert_eq(spec->objective.kind, HOPT_OBJECTIVE_COMMAND);
    cr_assert_str_eq(spec->objective.argv[1], "train.py");
    cr_assert_str_eq(spec->objective.argv[4], "");
    cr_assert_null(spec->objective.argv[5]);
    cr_assert(spec->maximize);
    cr_assert_str_eq(spec->sampler, "tpe");
    cr_assert(spec->has_seed);
    cr_assert_eq(spec->seed, (uint64_t)INT64_MAX);
    cr_assert_eq(json_object_size(spec->sampler_options), 1u);
    cr_assert_eq(hopt_json_integer_of(spec->sampler_options, "startup", 0), 12);
    cr_assert_eq(spec->stop.max_trials, 200);
    cr_assert_eq(spec->stop.timeout_s, 3600.0);
    cr_assert(spec->stop.has_loss_below);
    cr_assert_eq(spec->stop.loss_below, 0.01);
    cr_assert_eq(spec->stop.no_progress_trials, 50);
    cr_assert_eq(spec->stop.no_progress_percent, 0.5);
    cr_assert_eq(spec->trial.timeout_s, 300.0);
    cr_assert_eq(spec->trial.max_attempts, 4);
    cr_assert_eq(spec->trial.memory_mb, 2048);
    cr_assert_eq(spec->trial.output_mb, 16);
    cr_assert_eq(spec->trial.file_mb, 0);
    cr_assert_eq(spec->trial.processes, 16000);
    cr_assert(spec->trial.retry_errors);
    cr_assert_eq(spec->trial.lease_s, 2.5);
    cr_assert_eq(spec->trial.grace_s, 0.0);
    cr_assert_eq(spec->queue_ahead, 7);
    cr_assert_eq(spec->n_points, 2);
    int trees = hopt_space_find(spec->space, "model/forest/trees");
    cr_assert(isnan(spec->points[trees]));
    cr_assert_eq(spec->points[5 + trees], 20.0);
    hopt_study_spec_free(spec);
}

/* ---- the sampler's name ---- */

static hopt_study_spec *parse_stored(const char *text) {
    hopt_study_spec *spec;
    hopt_errors errors = {0};
    hopt_status status = hopt_study_spec_parse_stored(&spec, text, NULL, &errors);
    cr_assert_eq(status, HOPT_OK, "%s", errors.list[0].message);
    return spec;
}

Test(study, a_stored_text_without_a_sampler_means_tpe) {
    hopt_study_spec *spec = parse_stored(least);
    cr_assert_str_eq(spec->sampler, "tpe");
    cr_assert_not(spec->has_sampler);
    cr_assert_str_eq(spec->text, least);
    hopt_study_spec_free(spec);
    spec = parse_stored("{\"name\":\"a\",\"sampler\":{\"seed\":5,\"candidates\":9}," SPACE "}");
    cr_assert_str_eq(spec->sampler, "tpe");
    cr_assert_eq(json_object_size(spec->sampler_options), 1u);
    hopt_study_spec_free(spec);
    spec = parse_stored("{\"name\":\"a\",\"sampler\":{\"name\":\"gp\"}," SPACE "}");
    cr_assert_str_eq(spec->sampler, "gp");
    hopt_study_spec_free(spec);
    hopt_errors errors = {0};
    cr_assert_eq(hopt_study_spec_parse_stored(&spec, "{}", NULL, &errors), HOPT_EINVAL);
    cr_assert_null(spec);
}

/* The text with the name in it says the same but for the name, and looks like what it was. */
Test(study, a_sampler_s_name_is_put_into_the_text) {
    static const char *const rows[][2] = {
        {"{\"name\":\"a\"," SPACE "}",
         "{\"sampler\": {\"name\": \"auto\"},\"name\":\"a\"," SPACE "}"},
        {"// {\n\n {\n  // its name\n  \"name\": \"a\",\n  " SPACE "\n}\n",
         "// {\n\n {\n  \"sampler\": {\"name\": \"auto\"},\n  // its name\n  \"name\": \"a\",\n "
         " " SPACE "\n}\n"},
        {"{\"name\":\"a\",\"sampler\":{}," SPACE "}",
         "{\"name\":\"a\",\"sampler\":{\"name\": \"auto\"}," SPACE "}"},
        {"{\"name\":\"a\",\"sampler\":{\"seed\":3}," SPACE "}",
         "{\"name\":\"a\",\"sampler\":{\"name\": \"auto\", \"seed\":3}," SPACE "}"},
        {"{\"name\":\"\u00e4\",\n\"sampler\": { // {\n \"seed\": 3},\n" SPACE "}", NULL},
        {"{\r\n\t\"name\":\"a\",\r\n\"sampler\"\r\n:\r\n{\r\n\t\"seed\":3}," SPACE "}",
         "{\r\n\t\"name\":\"a\",\r\n\"sampler\"\r\n:\r\n{\r\n\t\"name\": \"auto\",\r\n\t"
         "\"seed\":3}," SPACE "}"},
        {"{\"sam\\u0070ler\":{\"s\\u0065ed\":3},\"name\":\"a\"," SPACE "}",
         "{\"sam\\u0070ler\":{\"name\": \"auto\", \"s\\u0065ed\":3},\"name\":\"a\"," SPACE "}"},
        {"{\"name\":\"a\",\"sampler\":{\"name\":\"gp\"}," SPACE "}",
         "{\"name\":\"a\",\"sampler\":{\"name\":\"gp\"}," SPACE "}"},
    };
    for (size_t i = 0; i < HOPT_COUNT(rows); i++) {
        hopt_study_spec *spec = parse_with(rows[i][0], "a", NULL, 0);
        char *text = hopt_study_spec_text_naming(spec, "auto");
        if (rows[i][1]) cr_assert_str_eq(text, rows[i][1]);
        hopt_study_spec *named = parse_with(text, "a", NULL, 0);
        cr_assert(named->has_sampler);
        cr_assert_str_eq(named->sampler, spec->sampler);
        cr_assert(named->has_seed == spec->has_seed && named->seed == spec->seed);
        cr_assert_eq(hopt_space_hash(named->space), hopt_space_hash(spec->space));
        free(text);
        text = hopt_study_spec_text_naming(named, "tpe");
        cr_assert_str_eq(text, named->text, "it is there already");
        free(text);
        hopt_study_spec_free(named);
        hopt_study_spec_free(spec);
    }
    const char *sets[] = {"sampler.candidates=9", "stop.max_trials=5"};
    hopt_study_spec *spec = parse_with(least, NULL, sets, 2);
    char *text = hopt_study_spec_text_naming(spec, "tpe");
    hopt_study_spec *named = parse(text);
    cr_assert_str_eq(named->sampler, "tpe");
    cr_assert_eq(named->stop.max_trials, 5);
    cr_assert(json_equal(named->sampler_options, spec->sampler_options));
    free(text);
    hopt_study_spec_free(named);
    hopt_study_spec_free(spec);
}

Test(study, defaults) {
    hopt_study_spec *spec = parse(least);
    cr_assert_eq(spec->objective.kind, HOPT_OBJECTIVE_NONE);
    cr_assert_not(spec->maximize);
    cr_assert_str_eq(spec->sampler, "auto");
    cr_assert_not(spec->has_sampler);
    cr_assert_not(spec->has_seed);
    cr_assert_eq(json_object_size(spec->sampler_options), 0u);
    cr_assert_eq(spec->stop.max_trials, 100);
    cr_assert_eq(spec->stop.timeout_s, 0.0);
    cr_assert_not(spec->stop.has_loss_below);
    cr_assert_eq(spec->stop.no_progress_trials, 0);
    cr_assert_eq(spec->trial.timeout_s, 0.0);
    cr_assert_eq(spec->trial.max_attempts, 3);
    cr_assert_eq(spec->trial.memory_mb, 0);
    cr_assert_eq(spec->trial.output_mb, 256);
    cr_assert_eq(spec->trial.file_mb, 4096);
    cr_assert_eq(spec->trial.processes, 1000);
    cr_assert_not(spec->trial.retry_errors);
    cr_assert_eq(spec->trial.lease_s, 60.0);
    cr_assert_eq(spec->trial.grace_s, 5.0);
    cr_assert_eq(spec->queue_ahead, -1);
    cr_assert_eq(spec->n_points, 0);
    hopt_study_spec_free(spec);
    spec = parse("{\"name\":\"a\"," SPACE ",\"stop\":{\"timeout_s\":0.5},\"queue\":{\"ahead\":"
                 "\"auto\"}}");
    cr_assert_eq(spec->stop.max_trials, 0, "a limit was given: no other one is made up");
    cr_assert_eq(spec->queue_ahead, -1);
    hopt_study_spec_free(spec);
}

Test(study, objectives) {
    hopt_study_spec *spec =
        parse("{\"name\":\"a\"," SPACE
              ",\"objective\":{\"server\":[\"./s\",\"{literal}\"],\"start_timeout_s\":1.5}}");
    cr_assert_eq(spec->objective.kind, HOPT_OBJECTIVE_SERVER);
    cr_assert_eq(spec->objective.start_timeout_s, 1.5);
    hopt_study_spec *other =
        parse("{\"name\":\"a\"," SPACE
              ",\"objective\":{\"plugin\":\"svm.so\",\"config\":{\"folds\":[1,2]}}}");
    cr_assert_eq(other->objective.kind, HOPT_OBJECTIVE_PLUGIN);
    cr_assert_str_eq(other->objective.plugin, "svm.so");
    cr_assert_eq(json_array_size(json_object_get(other->objective.config, "folds")), 2u);
    cr_assert_eq(other->objective.start_timeout_s, 60.0);
    cr_assert(hopt_study_objective_equal(&spec->objective, &spec->objective));
    cr_assert(hopt_study_objective_equal(&other->objective, &other->objective));
    cr_assert_not(hopt_study_objective_equal(&spec->objective, &other->objective));
    hopt_study_spec *third =
        parse("{\"name\":\"a\"," SPACE ",\"objective\":{\"server\":[\"./s\"]}}");
    cr_assert_not(hopt_study_objective_equal(&spec->objective, &third->objective));
    hopt_study_spec_free(third);
    hopt_study_spec_free(other);
    hopt_study_spec_free(spec);
}

Test(study, names) {
    static const char sixtyfour[] =
        "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff0.-_";
    cr_assert(hopt_study_name_valid("a"));
    cr_assert(hopt_study_name_valid(sixtyfour));
    char *longer = hopt_format("%sa", sixtyfour);
    cr_assert_not(hopt_study_name_valid(longer));
    free(longer);
    cr_assert_not(hopt_study_name_valid(""));
    cr_assert_not(hopt_study_name_valid("a b"));
    cr_assert_not(hopt_study_name_valid("a/b"));
    cr_assert_not(hopt_study_name_valid("caf\xc3\xa9"));
    hopt_study_spec *spec = parse_with("{" SPACE "}", "from-outside", NULL, 0);
    cr_assert_str_eq(spec->name, "from-outside");
    hopt_study_spec_free(spec);
    spec = parse_with(least, "other", NULL, 0);
    cr_assert_str_eq(spec->name, "other");
    cr_assert_str_eq(spec->text, least, "the text stays as given");
    hopt_study_spec_free(spec);
    spec = parse_with(least, "", NULL, 0);
    cr_assert_str_eq(spec->name, "a");
    hopt_study_spec_free(spec);
    cr_assert(strstr(fails(least, "a b", NULL, 0), "--name \"a b\" is not valid"));
}

Test(study, arguments_are_filled) {
    hopt_study_spec *spec = parse(everything);
    static const struct {
        const char *argument;
        const char *svm, *forest;
    } rows[] = {
        {"plain", "plain", "plain"},
        {"", "", ""},
        {"--c={model/svm/C}", "--c=1", "--c="},
        {"{model}{scale}", "svmtrue", "forestfalse"},
        {"{{{model}}}", "{svm}", "{forest}"},
        {"{{\"t\":{model/forest/trees}}}", "{\"t\":}", "{\"t\":20}"},
        {"a}b{{c", "a}b{c", "a}b{c"},
        {"{model/svm/gamma}!", "0.01!", "!"},
    };
    for (size_t i = 0; i < HOPT_COUNT(rows); i++) {
        for (int k = 0; k < 2; k++) {
            hopt_buf out = HOPT_BUF_INIT;
            hopt_objective_argument(spec, spec->points + 5 * k, rows[i].argument, &out);
            cr_assert_str_eq(hopt_buf_string(&out), k ? rows[i].forest : rows[i].svm);
            hopt_buf_clear(&out);
        }
    }
    hopt_study_spec_free(spec);
}

/* ---- --set ---- */

Test(study, sets_are_merged) {
    static const char *const sets[] = {
        "stop.max_trials=50",
        "stop.no_progress.trials=5",
        "stop.loss_below=null",
        "sampler.seed=7",
        "sampler.name=random",
        "sampler.repeat=true",
        "trial.timeout_s=1.5",
        "queue={\"ahead\":\"auto\"}",
        "space.scale._value.1=\"no\"",
        "points.0.model.C=10",
        "points.1.scale=no",
        "objective.command.1=other.py",
        "name=123",
        "stop.max_trials=60",
    };
    hopt_study_spec *spec = parse_with(everything, NULL, sets, HOPT_COUNT(sets));
    cr_assert_eq(spec->stop.max_trials, 60, "the last one wins");
    cr_assert_eq(spec->stop.no_progress_trials, 5);
    cr_assert_not(spec->stop.has_loss_below);
    cr_assert_eq(spec->seed, 7u);
    cr_assert_str_eq(spec->sampler, "random");
    cr_assert(json_is_true(json_object_get(spec->sampler_options, "repeat")));
    cr_assert_eq(spec->trial.timeout_s, 1.5);
    cr_assert_eq(spec->queue_ahead, -1);
    cr_assert_eq(spec->points[hopt_space_find(spec->space, "model/svm/C")], 10.0);
    cr_assert_str_eq(spec->objective.argv[1], "other.py");
    cr_assert_str_eq(spec->name, "123");
    /* The merged text stands for itself. */
    hopt_study_spec *again = parse(spec->text);
    cr_assert_str_eq(again->text, spec->text);
    cr_assert_null(hopt_space_difference(spec->space, again->space));
    cr_assert_eq(again->stop.max_trials, 60);
    cr_assert_eq(again->trial.timeout_s, 1.5);
    hopt_study_spec_free(again);
    hopt_study_spec_free(spec);
}

Test(study, sets_make_what_is_absent) {
    static const char *const sets[] = {"stop.no_progress.trials=5", "objective.command=[\"./x\"]"};
    hopt_study_spec *spec = parse_with(least, NULL, sets, 2);
    cr_assert_eq(spec->stop.max_trials, 0);
    cr_assert_eq(spec->stop.no_progress_trials, 5);
    cr_assert_str_eq(spec->objective.argv[0], "./x");
    hopt_study_spec_free(spec);
}

Test(study, bad_sets_say_which) {
    static const struct {
        const char *set, *message;
    } rows[] = {
        {"stop.max_trials", "--set stop.max_trials: give a path and a value"},
        {"=5", "--set =5: give a path and a value"},
        {"stop..max_trials=5", "give a path and a value"},
        {".=5", "give a path and a value"},
        {"stop.max_trial=5", "--set stop.max_trial=5: unknown key `max_trial` in stop: did you "
                             "mean `max_trials`?"},
        {"stops.max_trials=5", "unknown key `stops` in a study: did you mean `stop`?"},
        {"stop.max_trials=ten", "--set stop.max_trials=ten: `stop.max_trials` must be an integer "
                                "in 1 .. 1000000 (trials), not \"ten\""},
        {"stop.max_trials=0", "must be an integer in 1 .. 1000000 (trials), not 0"},
        {"stop.max_trials=1e7", "must be an integer in 1 .. 1000000"},
        {"stop.timeout_s=NaN", "`stop.timeout_s` must be a number above 0"},
        {"name.x=5", "--set name.x=5: the path goes on below a single value"},
        {"queue=5", "--set queue=5: `queue` must be an object {...}, not a number"},
        {"space.y=5", "--set space.y=5: the study has no such path"},
        {"space.scale._value.2=5", "no such path"},
        {"points.7=5", "no such path"},
        {"points.0.scale=maybe", "--set points.0.scale=maybe: point 0: `scale`"},
        {"space.scale._type=chioce",
         "--set space.scale._type=chioce: `scale`: unknown _type `chioce`"},
        {"direction=up", "--set direction=up: `direction` must be \"minimize\" or \"maximize\""},
        {"name=a b", "--set name=a b: `name`: \"a b\" is not valid"},
        {"objective.command=[]", "--set objective.command=[]: `objective.command` must be a list"},
        {"objective.command.0={nothing}", "--set objective.command.0={nothing}: unknown label"},
        {"sampler=tpe", "--set sampler=tpe: `sampler` must be an object"},
        {"sampler.seed=-1", "--set sampler.seed=-1: `sampler.seed` must be an integer in 0"},
        {"stop.max_trials=\xff", "not UTF-8"},
    };
    for (size_t i = 0; i < HOPT_COUNT(rows); i++) {
        const char *message = fails(everything, NULL, &rows[i].set, 1);
        cr_assert(strstr(message, rows[i].message), "%s\n  gives %s", rows[i].set, message);
    }
    /* A value that parses alone may be too deep where it is put. */
    char *deep = hopt_alloc(1100);
    int start = snprintf(deep, 50, "sampler.option=");
    memset(deep + start, '[', 511);
    memset(deep + start + 511, ']', 511);
    deep[start + 1022] = '\0';
    const char *set = deep;
    cr_assert(strstr(fails(everything, NULL, &set, 1), "--set: the study it makes is not valid"));
    free(deep);
}

Test(study, settings_of_a_living_study) {
    static const char *const good[] = {"stop.max_trials=500", "trial={\"lease_s\":3}",
                                       "queue.ahead=0"};
    char *text;
    hopt_errors errors = {0};
    cr_assert_eq(hopt_study_spec_merge_set(&text, everything, "digits", good, 3, &errors), HOPT_OK,
                 "%s", errors.list[0].message);
    hopt_study_spec *spec = parse(text), *old = parse(everything);
    cr_assert_eq(spec->stop.max_trials, 500);
    cr_assert_eq(spec->stop.timeout_s, 3600.0);
    cr_assert_eq(spec->trial.lease_s, 3.0);
    cr_assert_eq(spec->trial.max_attempts, 3, "the whole table was replaced");
    cr_assert_eq(spec->queue_ahead, 0);
    hopt_error err = {0};
    cr_assert_eq(hopt_study_spec_compatible(old, spec, &err), HOPT_OK, "%s", err.message);
    free(text);
    hopt_study_spec_free(old);
    hopt_study_spec_free(spec);
    static const char *const bad[] = {"space.scale=1",      "name=b",
                                      "sampler.seed=1",     "points=[]",
                                      "stopp.max_trials=1", "stop.max_trials=0",
                                      "stop=null",          "objective.start_timeout_s=3"};
    for (size_t i = 0; i < HOPT_COUNT(bad); i++) {
        memset(&errors, 0, sizeof errors);
        /* "stop=null" is fine: it means the default again. */
        hopt_status expected = strcmp(bad[i], "stop=null") == 0 ? HOPT_OK : HOPT_EINVAL;
        cr_assert_eq(hopt_study_spec_merge_set(&text, everything, "digits", &bad[i], 1, &errors),
                     expected, "%s", bad[i]);
        if (expected == HOPT_OK) {
            free(text);
            continue;
        }
        cr_assert_null(text);
        cr_assert(strstr(errors.list[0].message, bad[i]), "%s", errors.list[0].message);
    }
}

Test(study, compatible_is_same_space_and_direction) {
    hopt_study_spec *old = parse(least);
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"{\"name\":\"a\",\"space\":{\"x\":{\"_type\":\"uniform\",\"_value\":[0.0,1.0]}},"
         "\"stop\":{\"max_trials\":3},\"objective\":{\"command\":[\"./x\"]}}",
         NULL},
        {"{\"name\":\"a\",\"space\":{\"x\":{\"_type\":\"uniform\",\"_value\":[0,2]}}}",
         "`x` differs"},
        {"{\"name\":\"a\",\"space\":{\"y\":{\"_type\":\"uniform\",\"_value\":[0,1]}}}",
         "`x` differs"},
        {"{\"name\":\"a\"," SPACE ",\"direction\":\"maximize\"}", "direction minimize"},
    };
    for (size_t i = 0; i < HOPT_COUNT(rows); i++) {
        hopt_study_spec *now = parse(rows[i].text);
        hopt_error err = {0};
        hopt_status status = hopt_study_spec_compatible(old, now, &err);
        cr_assert_eq(status, rows[i].message ? HOPT_ECONFLICT : HOPT_OK, "%zu: %s", i, err.message);
        if (rows[i].message) {
            cr_assert(strstr(err.message, rows[i].message), "%s", err.message);
            cr_assert(strstr(err.message, "--name"), "%s", err.message);
        }
        hopt_study_spec_free(now);
    }
    hopt_study_spec_free(old);
}

Test(study, table_of_settings_is_whole) {
    size_t count;
    const hopt_study_setting *settings = hopt_study_settings(&count);
    cr_assert_geq(count, 17u);
    for (size_t i = 0; i < count; i++) {
        const hopt_study_setting *s = &settings[i];
        cr_assert_lt(strlen(s->key), 60u);
        cr_assert(s->unit && s->fallback && s->summary && s->summary[0], "%s", s->key);
        cr_assert_lt(s->offset, sizeof(hopt_study_spec), "%s", s->key);
        bool group = strncmp(s->key, "stop.", 5) == 0 || strncmp(s->key, "trial.", 6) == 0 ||
                     strncmp(s->key, "queue.", 6) == 0;
        cr_assert_eq(s->changeable, group, "%s", s->key);
        hopt_buf text = HOPT_BUF_INIT;
        hopt_study_setting_text(s, &text);
        cr_assert_gt(text.length, 5u, "%s", s->key);
        hopt_buf_clear(&text);
        for (size_t k = 0; k < i; k++) {
            cr_assert_str_neq(settings[k].key, s->key);
            cr_assert_neq(settings[k].offset, s->offset, "%s", s->key);
        }
    }
    hopt_buf text = HOPT_BUF_INIT;
    hopt_study_setting_text(&settings[4], &text);
    cr_assert_str_eq(hopt_buf_string(&text), "an integer in 1 .. 1000000 (trials)");
    hopt_buf_clear(&text);
}

Test(study, record) {
    hopt_study_record *study = hopt_study_new();
    cr_assert_eq(study->format, 1);
    cr_assert_eq(study->state, HOPT_STUDY_ACTIVE);
    study->reason = hopt_strdup("max_trials");
    study->spec = hopt_strdup(least);
    study->leader = hopt_strdup("m");
    hopt_study_free(study);
    hopt_study_free(NULL);
}
