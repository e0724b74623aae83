/* A host with an allocator of its own: its blocks have a mark before them, so that one that is
 * freed elsewhere, or comes from elsewhere, is found. At the end all is given back. */
#include <hopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define MARK 0x686f70746d656d21ULL

typedef struct block {
    unsigned long long mark;
    size_t size;
} block;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long blocks, calls;

static void count(long by) {
    pthread_mutex_lock(&lock);
    blocks += by;
    calls++;
    pthread_mutex_unlock(&lock);
}

static void *take(void *context, size_t size) {
    block *made = malloc(sizeof *made + size);
    (void)context;
    if (!made) return NULL;
    made->mark = MARK;
    made->size = size;
    count(1);
    return made + 1;
}

static block *its(void *memory) {
    block *head = (block *)memory - 1;
    if (head->mark == MARK) return head;
    fprintf(stderr, "a block that is not of this allocator\n");
    abort();
}

static void give(void *context, void *memory) {
    block *head = its(memory);
    (void)context;
    head->mark = 0;
    free(head);
    count(-1);
}

static void *change(void *context, void *memory, size_t size) {
    if (!memory) return take(context, size);
    block *head = realloc(its(memory), sizeof *head + size);
    if (!head) return NULL;
    head->size = size;
    return head + 1;
}

static int square(hopt_eval *eval, double *loss, void *context) {
    double x;
    (void)context;
    if (hopt_eval_real(eval, "x", &x) != 0) return HOPT_EVAL_ERROR;
    hopt_eval_log(eval, hopt_eval_params_json(eval));
    *loss = x * x;
    return HOPT_EVAL_OK;
}

static int run(const char *store) {
    hopt_failure why;
    hopt_study *study;
    hopt_info *best = NULL;
    hopt_study_options options;
    hopt_fmin_options fmin;
    char *text;
    hopt_study_options_init(&options);
    options.store = store;
    hopt_fmin_options_init(&fmin);
    fmin.max_evals = 40;
    fmin.parallelism = 3;
    if (hopt_study_from_expr(
            &study,
            hopt_expr_set(hopt_space_object(0, NULL, NULL), "x", hopt_space_uniform("x", -5, 5)),
            &options, &why) != HOPT_OK ||
        hopt_fmin(study, square, NULL, &fmin, &best, &why) != HOPT_OK ||
        hopt_study_log(study, hopt_info_num(best), &text, &why) != HOPT_OK) {
        fprintf(stderr, "%s\n", why.message);
        return 1;
    }
    hopt_free(text);
    hopt_info_free(best);
    hopt_study_close(study);
    return 0;
}

int main(int argc, char **argv) {
    hopt_allocator allocator = {sizeof allocator, take, change, give, NULL, 1};
    hopt_allocator half = {sizeof half, take, NULL, give, NULL, 0};
    if (hopt_set_allocator(&half) != HOPT_EINVAL || hopt_set_allocator(NULL) != HOPT_EINVAL)
        return 1;
    if (hopt_set_allocator(&allocator) != HOPT_OK) return 1;
    if (run(argc > 1 ? argv[1] : NULL) != 0) return 1;
    if (calls < 10000 || blocks != 0) {
        fprintf(stderr, "%ld calls, %ld blocks were not given back\n", calls, blocks);
        return 1;
    }
    /* Now it is too late. */
    return hopt_set_allocator(&allocator) == HOPT_ECONFLICT ? 0 : 1;
}
