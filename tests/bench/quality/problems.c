/** Definitions: Surjanovic and Bingham's test function library for the standard ones, the rest as
 * the table of the development problems gives them. */
#include "tests/bench/quality/problems.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

static const double PI = 3.14159265358979323846;

/* ---- standard functions, as f - f* ---- */

static double branin(const double *x, int n) {
    (void)n;
    double a = x[1] - 5.1 / (4 * PI * PI) * x[0] * x[0] + 5 / PI * x[0] - 6;
    return a * a + 10 * (1 - 1 / (8 * PI)) * cos(x[0]) + 10 - 0.39788735773;
}

static double hartmann6(const double *x, int n) {
    static const double alpha[4] = {1.0, 1.2, 3.0, 3.2};
    static const double a[4][6] = {{10, 3, 17, 3.5, 1.7, 8},
                                   {0.05, 10, 17, 0.1, 8, 14},
                                   {3, 3.5, 1.7, 10, 17, 8},
                                   {17, 8, 0.05, 10, 0.1, 14}};
    static const double p[4][6] = {{.1312, .1696, .5569, .0124, .8283, .5886},
                                   {.2329, .4135, .8307, .3736, .1004, .9991},
                                   {.2348, .1451, .3522, .2883, .3047, .6650},
                                   {.4047, .8828, .8732, .5743, .1091, .0381}};
    (void)n;
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        double inner = 0;
        for (int j = 0; j < 6; j++)
            inner += a[i][j] * (x[j] - p[i][j]) * (x[j] - p[i][j]);
        sum -= alpha[i] * exp(-inner);
    }
    return sum + 3.32236801141551;
}

static double rosenbrock(const double *x, int n) {
    double sum = 0;
    for (int i = 0; i + 1 < n; i++) {
        double a = x[i + 1] - x[i] * x[i];
        sum += 100 * a * a + (1 - x[i]) * (1 - x[i]);
    }
    return sum;
}

static double styblinski(const double *x, int n) {
    double sum = 39.16616570377142 * n;
    for (int i = 0; i < n; i++)
        sum += 0.5 * (pow(x[i], 4) - 16 * x[i] * x[i] + 5 * x[i]);
    return sum;
}

static double levy(const double *x, int n) {
    double w = 1 + (x[0] - 1) / 4;
    double sum = pow(sin(PI * w), 2);
    for (int i = 0; i + 1 < n; i++) {
        w = 1 + (x[i] - 1) / 4;
        sum += (w - 1) * (w - 1) * (1 + 10 * pow(sin(PI * w + 1), 2));
    }
    w = 1 + (x[n - 1] - 1) / 4;
    return sum + (w - 1) * (w - 1) * (1 + pow(sin(2 * PI * w), 2));
}

static double ackley(const double *x, int n) {
    double squares = 0;
    double cosines = 0;
    for (int i = 0; i < n; i++) {
        squares += x[i] * x[i];
        cosines += cos(2 * PI * x[i]);
    }
    return -20 * exp(-0.2 * sqrt(squares / n)) - exp(cosines / n) + 20 + exp(1);
}

static double rastrigin(const double *x, int n) {
    double sum = 10 * n;
    for (int i = 0; i < n; i++)
        sum += x[i] * x[i] - 10 * cos(2 * PI * x[i]);
    return sum;
}

static double sphere(const double *x, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sum;
}

static double ellipsoid(const double *x, int n) {
    double z[6];
    for (int i = 0; i < n; i++)
        z[i] = x[i];
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++) {
            double angle = 0.7 + 0.37 * i + 0.61 * j;
            double a = cos(angle) * z[i] - sin(angle) * z[j];
            z[j] = sin(angle) * z[i] + cos(angle) * z[j];
            z[i] = a;
        }
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += pow(1000, i / 5.0) * z[i] * z[i];
    return sum;
}

/* ---- the standard functions in the unit cube ---- */

static double in_box(const hopt_instance *instance, const double *u) {
    const hopt_problem *problem = instance->problem;
    double x[HOPT_PROBLEM_NUMBERS];
    for (int i = 0; i < problem->dimensions; i++)
        x[i] = problem->low + u[i] * (problem->high - problem->low);
    return problem->function(x, problem->dimensions);
}

/** The optimum moved to a random place. */
static double moved(const hopt_instance *instance, const double *u) {
    const hopt_problem *problem = instance->problem;
    double x[HOPT_PROBLEM_NUMBERS];
    for (int i = 0; i < problem->dimensions; i++)
        x[i] = (u[i] - instance->t[i]) * (problem->high - problem->low) + problem->optimum;
    return problem->function(x, problem->dimensions);
}

static double branin_box(const hopt_instance *instance, const double *u) {
    (void)instance;
    double x[2] = {-5 + 15 * u[0], 15 * u[1]};
    return branin(x, 2);
}

static double hartmann6_in_20(const hopt_instance *instance, const double *u) {
    (void)instance;
    double x[6];
    for (int i = 0; i < 6; i++)
        x[i] = u[1 + 3 * i];
    return hartmann6(x, 6);
}

static double sphere5_noisy(const hopt_instance *instance, const double *u) {
    double sum = 0;
    for (int i = 0; i < 5; i++)
        sum += 100 * (u[i] - instance->t[i]) * (u[i] - instance->t[i]);
    return sum;
}

/* ---- mixed and conditional ones ---- */

static double square(double x) {
    return x * x;
}

#define REAL "{\"_type\":\"uniform\",\"_value\":[0,1]}"
#define LEVELS(n) "{\"_type\":\"randint\",\"_value\":[0," #n "]}"
#define CATS2 "{\"_type\":\"choice\",\"_value\":[0,1]}"
#define CATS3 "{\"_type\":\"choice\",\"_value\":[0,1,2]}"
#define CATS4 "{\"_type\":\"choice\",\"_value\":[0,1,2,3]}"
#define CATS5 "{\"_type\":\"choice\",\"_value\":[0,1,2,3,4]}"
#define CATS6 "{\"_type\":\"choice\",\"_value\":[0,1,2,3,4,5]}"

#define CASH                                                                                       \
    "{\"m\":{\"_type\":\"choice\",\"_value\":["                                                    \
    "{\"_name\":\"0\",\"a\":" REAL ",\"b\":" REAL "},"                                             \
    "{\"_name\":\"1\",\"c\":" LEVELS(20) ",\"n\":" REAL ",\"s\":" CATS2 "},"                       \
                                         "{\"_name\":\"2\",\"e\":" REAL                            \
                                         ",\"d\":" LEVELS(12) ",\"v\":" REAL ",\"k\":" CATS3       \
                                                              "}]}}"

static double cash(const hopt_instance *instance, const double *p) {
    (void)instance;
    if (p[0] == 0) return .15 + .02 * square(6 * p[1] - 4) + .02 * square(6 * p[2] - 3);
    if (p[0] == 1)
        return .10 + .01 * fabs(p[3] - 8) + .0075 * square(log2(rint(pow(2, 3 + 7 * p[4]))) - 7) +
               (p[5] != 0 ? .03 : 0);
    return .05 * square(4 * p[6] - 1.5) + .02 * fabs(p[7] - 4) + .1 * square(.7 * p[8] - .5) +
           (p[9] != 0 ? .05 : 0);
}

#define COND5299                                                                                   \
    "{\"b\":{\"_type\":\"choice\",\"_value\":[{\"_name\":\"0\",\"x\":" REAL "},"                   \
    "{\"_name\":\"1\",\"y\":" REAL "}]},\"shared\":" REAL "}"

static double cond5299(const hopt_instance *instance, const double *p) {
    (void)instance;
    double target = -2 + 4 * p[3];
    if (p[0] == 0) return square(1 + p[1] - target);
    return square(3 * p[2] - 2 - target) + .02;
}

#define MLP                                                                                        \
    "{\"lr\":" REAL ",\"l2\":" REAL ",\"drop\":" REAL ",\"units\":" REAL                           \
    ",\"layers\":" LEVELS(5) ",\"batch\":" LEVELS(7) ",\"act\":" CATS4 ",\"opt\":" CATS3 "}"

static double mlp(const hopt_instance *instance, const double *p) {
    const double *t = instance->t;
    int act = (int)p[6];
    int opt = (int)p[7];
    double layers = p[4];
    double batch = p[5];
    static const double by_opt[3] = {1, 0, -.5};
    static const double by_a[4] = {.06, .02, 0, .04};
    static const double by_o[3] = {.03, 0, .02};
    int a = (act + (int)floor(40 * t[5])) % 4;
    int o = (opt + (int)floor(30 * t[6])) % 3;
    double lo = 1 + 3 * t[0] + by_opt[opt] + .15 * (batch - 3);
    double f = .08 * square(5 * p[0] - lo) + .25 * square(p[1] - t[1]) * (.5 + p[3]) +
               .15 * square(p[2] - t[2] * (.4 + .15 * layers)) + .3 * square(p[3] - t[3]) +
               .02 * fabs(layers - floor(5 * t[4])) + .004 * square(batch - 7 * t[7]) + by_a[a] +
               by_o[o] + (a == 1 && o == 2 ? .05 : 0);
    double least = INFINITY;
    for (int b = 0; b < 7; b++)
        least = fmin(least, .004 * square(b - 7 * t[7]));
    return f - least;
}

#define CATS                                                                                       \
    "{\"c0\":" CATS3 ",\"c1\":" CATS4 ",\"c2\":" CATS5 ",\"c3\":" CATS6 ",\"c4\":" CATS3           \
    ",\"c5\":" CATS2 ",\"u6\":" REAL ",\"u7\":" REAL "}"

static double cats(const hopt_instance *instance, const double *p) {
    static const int options[6] = {3, 4, 5, 6, 3, 2};
    const double *t = instance->t;
    int a[6];
    double f = 0;
    for (int d = 0; d < 6; d++) {
        a[d] = ((int)p[d] + (int)floor(1000 * t[d])) % options[d];
        f += .1 * a[d];
    }
    for (int d = 0; d < 5; d++)
        f += (a[d] == 0) != (a[d + 1] == 0) ? .12 : 0;
    return f + .8 * square(p[6] - t[10] - (a[0] == 1 ? .2 : 0)) + .8 * square(p[7] - t[11]);
}

#define INT6                                                                                       \
    "{\"a\":" LEVELS(21) ",\"b\":" LEVELS(21) ",\"c\":" LEVELS(21) ",\"d\":" LEVELS(               \
        21) ",\"e\":" LEVELS(21) ",\"f\":" LEVELS(21) "}"

static double int6(const hopt_instance *instance, const double *p) {
    double f = .01;
    double before = 0;
    for (int i = 0; i < 6; i++) {
        double z = p[i] - floor(21 * instance->t[i]);
        f += z * z + (i > 0 ? .9 * z * before : 0);
        before = z;
    }
    return f;
}

#define RIDGE "{\"a\":" REAL ",\"b\":" REAL ",\"c\":" REAL ",\"d\":" LEVELS(10) "}"

static double ridge(const hopt_instance *instance, const double *p) {
    const double *t = instance->t;
    double a = 8 * (p[0] - t[0]);
    double b = 8 * (p[1] - t[1]);
    return .5 * (1 - 1 / (1 + .3 * square(a + b))) + .15 * (1 - 1 / (1 + .2 * square(a - b))) +
           .2 * square(p[2] - t[2]) + .01 * fabs(p[3] - floor(10 * t[3]));
}

#define DEEP                                                                                       \
    "{\"lr\":" REAL ",\"wd\":" REAL ",\"m\":{\"_type\":\"choice\",\"_value\":[{\"_name\":\"0\"},"  \
    "{\"_name\":\"1\",\"blocks\":" LEVELS(                                                         \
        8) ",\"norm\":{\"_type\":\"choice\",\"_value\":["                                          \
           "{\"_name\":\"0\"},{\"_name\":\"1\",\"groups\":" LEVELS(                                \
               6) "}]}},"                                                                          \
                  "{\"_name\":\"2\",\"heads\":" LEVELS(                                            \
                      8) ",\"dim\":" REAL                                                          \
                         ",\"warm\":{\"_type\":\"choice\",\"_value\":[{\"_name\":\"0\"},"          \
                         "{\"_name\":\"1\",\"steps\":" REAL "}]}}]}}"

static double deep(const hopt_instance *instance, const double *p) {
    const double *t = instance->t;
    double lr = p[0];
    double w = .3 * square(p[1] - t[1]);
    if (p[2] == 0) return .2 + .6 * square(lr - t[2]) + w;
    if (p[2] == 1)
        return .06 + .8 * square(lr - .8 * t[3]) + w + .02 * fabs(p[3] - floor(8 * t[4])) +
               (p[4] == 1 ? -.02 + .015 * fabs(p[5] - floor(6 * t[5])) : 0);
    return .03 + 1.5 * square(lr - t[0] + .25 * (p[7] - t[7])) + w +
           .02 * fabs(p[6] - floor(8 * t[6])) + .4 * square(p[7] - t[7]) +
           (p[8] == 1 ? -.03 + .3 * square(p[9] - t[8]) : 0);
}

/* ---- large ones: 20 to 60 parameters ---- */

static double hartmann6_in_60(const hopt_instance *instance, const double *u) {
    (void)instance;
    double x[6];
    for (int i = 0; i < 6; i++)
        x[i] = u[4 + 10 * i];
    return hartmann6(x, 6);
}

/** Ten of them, every parameter counts. */
static double hartmann6_times_10(const hopt_instance *instance, const double *u) {
    (void)instance;
    double sum = 0;
    for (int i = 0; i < 10; i++)
        sum += hartmann6(u + (size_t)6 * i, 6);
    return sum;
}

#define FOUR(p, type) "\"" p "0\":" type ",\"" p "1\":" type ",\"" p "2\":" type ",\"" p "3\":" type

#define MIXED30                                                                                     \
    "{" FOUR("r", REAL) "," FOUR("s", REAL) "," FOUR("u", REAL) "," FOUR("k", LEVELS(11)) "," FOUR( \
        "l",                                                                                        \
        LEVELS(11)) ",\"n0\":" LEVELS(5) ",\"n1\":" LEVELS(5) "," FOUR("a",                         \
                                                                       CATS2) "," FOUR("b",         \
                                                                                       CATS3) "}"

/** A real's share: each depends on the next one, some matter more. */
static double mixed_reals(const double *p, const double *t, int n) {
    double f = 0;
    for (int i = 0; i < n; i++) {
        int next = (i + 1) % n;
        f += square(p[i] - t[i] + .3 * (p[next] - t[next])) / (1 << i % 4);
    }
    return f;
}

static double mixed30(const hopt_instance *instance, const double *p) {
    const double *t = instance->t;
    double f = mixed_reals(p, t, 12);
    for (int d = 12; d < 22; d++) {
        int levels = d < 20 ? 11 : 5;
        double z = (p[d] - floor(levels * t[d])) / levels;
        f += .5 * square(z + .3 * (p[d - 12] - t[d - 12]));
    }
    bool before = true;
    for (int d = 22; d < 30; d++) {
        int a = ((int)p[d] + (int)floor(1000 * t[d])) % (d < 26 ? 2 : 3);
        f += .05 * a + ((a == 0) != before ? .05 : 0);
        before = a == 0;
    }
    return f;
}

/** 13 parameters, one of which only exists for an option of another. */
#define BRANCH(name, p)                                                                            \
    "{\"_name\":\"" name                                                                           \
    "\"," FOUR(p "r", REAL) ",\"" p "s\":" REAL ",\"" p "t\":" REAL ",\"" p                        \
                            "k\":" LEVELS(9) ",\"" p "l\":" LEVELS(9) ",\"" p "m\":" LEVELS(       \
                                5) ",\"" p "a\":" CATS3 ",\"" p "b\":" CATS2 ",\"" p               \
                                   "c\":{\"_type\":\"choice\",\"_value\":[{\"_name\":\"0\"},"      \
                                   "{\"_name\":\"1\",\"" p "x\":" REAL "}]}}"

#define COND60                                                                                     \
    "{" FOUR("r", REAL) ",\"s\":" REAL ",\"t\":" REAL ",\"u\":" REAL                               \
                        ",\"m\":{\"_type\":\"choice\",\"_value\":[" BRANCH("0", "a") "," BRANCH(   \
                            "1", "b") "," BRANCH("2", "c") "," BRANCH("3", "d") "]}}"

/** Four branches of 13 parameters below 7 that all have, whose best values differ a little. */
static double cond60(const hopt_instance *instance, const double *p) {
    int branch = (int)p[7], rank = (branch + (int)floor(1000 * instance->t[7])) % 4;
    const double *own = p + 8 + 13 * branch, *t = instance->t + 8 + 13 * branch;
    double shared[7], f = .06 * rank + mixed_reals(own, t, 6);
    for (int i = 0; i < 7; i++)
        shared[i] = instance->t[i] + .1 * (i % 2 ? rank : -rank) / 3;
    f += mixed_reals(p, shared, 7);
    for (int i = 6; i < 9; i++) {
        int levels = i < 8 ? 9 : 5;
        f += .5 * square((own[i] - floor(levels * t[i])) / levels);
    }
    f += .05 * (((int)own[9] + (int)floor(1000 * t[9])) % 3);
    f += .05 * (((int)own[10] + (int)floor(1000 * t[10])) % 2);
    return f + (own[11] == 1 ? .5 * square(own[12] - t[12]) : .04);
}

#define STANDARD(label, how, f, n, lo, hi, at, sd, q25, median, q75)                               \
    {                                                                                              \
        .name = label, .dimensions = n, .low = lo, .high = hi, .noise = sd, .regret = how,         \
        .function = f, .optimum = at, .expect = {                                                  \
            q25,                                                                                   \
            median,                                                                                \
            q75                                                                                    \
        }                                                                                          \
    }
#define SPACE(label, text, how, sd, q25, median, q75)                                              \
    {                                                                                              \
        .name = label, .space = text, .noise = sd, .regret = how, .expect = { q25, median, q75 }   \
    }

#define LARGE(label, how, f, n, lo, hi, at) STANDARD(label, how, f, n, lo, hi, at, 0, 0, 0, 0)

const hopt_problem hopt_problems[HOPT_PROBLEMS + HOPT_LARGE_PROBLEMS] = {
    STANDARD("branin", branin_box, branin, 2, 0, 1, 0, 0, .00038, .00085, .0026),
    STANDARD("hartmann6", in_box, hartmann6, 6, 0, 1, 0, 0, .0052, .0117, .133),
    STANDARD("rosenbrock5", in_box, rosenbrock, 5, -5, 10, 1, 0, 5.4, 12.6, 68),
    STANDARD("rosenbrock5_S", moved, rosenbrock, 5, -5, 10, 1, 0, 4.7, 7.03, 12.9),
    STANDARD("styblinski5", in_box, styblinski, 5, -5, 5, -2.903534, 0, 14.3, 28.3, 42.6),
    STANDARD("styblinski5_S", moved, styblinski, 5, -5, 5, -2.903534, 0, .41, 14.5, 28.4),
    STANDARD("levy5", in_box, levy, 5, -10, 10, 1, 0, .057, .161, 1.62),
    STANDARD("levy5_S", moved, levy, 5, -10, 10, 1, 0, .049, .109, .51),
    STANDARD("ackley10", in_box, ackley, 10, -32.768, 32.768, 0, 0, 5.6, 7.03, 8.2),
    STANDARD("ackley10_S", moved, ackley, 10, -32.768, 32.768, 0, 0, 6.4, 8.3, 14.8),
    STANDARD("rastrigin5", in_box, rastrigin, 5, -5.12, 5.12, 0, 0, 13.9, 17.5, 26.6),
    STANDARD("rastrigin5_S", moved, rastrigin, 5, -5.12, 5.12, 0, 0, 11.1, 15.2, 21.2),
    STANDARD("sphere10", in_box, sphere, 10, -5, 5, 0, 0, .25, .55, .95),
    STANDARD("sphere10_S", moved, sphere, 10, -5, 5, 0, 0, .23, .39, .79),
    STANDARD("rosenbrock10", in_box, rosenbrock, 10, -5, 5, 1, 0, 56, 129, 241),
    STANDARD("rosenbrock10_S", moved, rosenbrock, 10, -5, 5, 1, 0, 92, 191, 320),
    STANDARD("ellips6_S", moved, ellipsoid, 6, -5, 5, 0, 0, 25, 50, 78),
    STANDARD("sphere5_S", moved, sphere, 5, -5, 5, 0, 0, .0079, .0128, .022),
    STANDARD("hart6in20", hartmann6_in_20, NULL, 20, 0, 1, 0, 0, .011, .030, .13),
    SPACE("CASH", CASH, cash, 0, 4.4e-7, 1.2e-6, 1e-5),
    SPACE("cond5299", COND5299, cond5299, 0, 7.8e-8, 2.2e-7, 2.8e-6),
    SPACE("mlp", MLP, mlp, 0, .0019, .0058, .0216),
    SPACE("mlp_noisy", MLP, mlp, .01, .0062, .0127, .032),
    SPACE("cats", CATS, cats, 0, 7e-5, .0012, .024),
    SPACE("int6", INT6, int6, 0, 1.01, 1.31, 2.61),
    SPACE("ridge_noisy", RIDGE, ridge, .02, .015, .0248, .038),
    STANDARD("hartmann6_noisy", in_box, hartmann6, 6, 0, 1, 0, .1, .066, .133, .23),
    STANDARD("sphere5_noisy", sphere5_noisy, NULL, 5, 0, 1, 0, 1, .30, .54, .82),
    SPACE("deep", DEEP, deep, 0, 9e-5, .0022, .04),

    LARGE("sphere20_S", moved, sphere, 20, -5, 5, 0),
    LARGE("rosenbrock20_S", moved, rosenbrock, 20, -5, 5, 1),
    LARGE("levy30_S", moved, levy, 30, -10, 10, 1),
    LARGE("ackley40_S", moved, ackley, 40, -32.768, 32.768, 0),
    LARGE("hart6in60", hartmann6_in_60, NULL, 60, 0, 1, 0),
    LARGE("hart6x10", hartmann6_times_10, NULL, 60, 0, 1, 0),
    SPACE("mixed30", MIXED30, mixed30, 0, 0, 0, 0),
    SPACE("cond60", COND60, cond60, 0, 0, 0, 0),
};
