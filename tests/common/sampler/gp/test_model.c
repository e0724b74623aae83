/* The model against plain linear algebra, and its gradients against differences. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sampler/gp/gp_internal.h"
#include "tests/common/sampler/support.h"

#define SPACE                                                                                      \
    "{'m':{'_type':'choice','_value':[{'_name':'a','x':{'_type':'uniform','_value':[0,1]}},'b']}," \
    "'y':{'_type':'uniform','_value':[0,1]},'k':{'_type':'uniformint','_value':[0,9]}}"

enum { N = 45, MORE = 5 }; /* more than HOPT_GP_ADDITIVE */

typedef struct setting {
    hopt_space *space;
    hopt_cube *cube;
    hopt_gp_model model;
    double rows[(N + MORE) * 4];
    hopt_rng rng;
} setting;

static void draw(setting *s, double *row) {
    for (int d = 0; d < s->cube->size; d++)
        row[d] = hopt_cube_active(s->cube, row, d) ? hopt_cube_draw(&s->cube->dims[d], &s->rng)
                                                   : (double)NAN;
}

static void open_setting(setting *s) {
    s->space = space_of(SPACE);
    s->cube = hopt_cube_new(s->space);
    hopt_rng_seed(&s->rng, 3);
    hopt_gp_model_init(&s->model, s->cube);
    hopt_gp_model_reserve(&s->model, N + MORE);
    s->model.n = N;
    for (size_t i = 0; i < N + MORE; i++) {
        double *row = s->rows + i * 4;
        draw(s, row);
        if (i >= N) continue;
        hopt_gp_model_put(&s->model, i, row);
        s->model.loss[i] = sin(5 * row[2]) + row[0] + (isnan(row[1]) ? .2 : row[1] * row[1]);
    }
    for (int d = 0; d < 4; d++)
        s->model.hyper.theta[d] = -1 + .3 * d;
    s->model.hyper.ln_eta = -6;
    s->model.transform = hopt_gp_transform_of(s->model.loss, N);
}

static void close_setting(setting *s) {
    hopt_gp_model_clear(&s->model);
    hopt_cube_free(s->cube);
    hopt_space_free(s->space);
}

static double matern(double r2) {
    double t = sqrt(5 * r2);
    return (1 + t + t * t / 3) * exp(-t);
}

/* GP.md 2, word for word; or the mean of each parameter's own. */
static double kernel(const setting *s, const double *a, const double *b) {
    double r2 = 0, sum = 0;
    for (int d = 0; d < 4; d++) {
        bool category = s->cube->dims[d].scale == HOPT_CUBE_OPTION;
        double rest = category ? -1 : .5;
        double x = isnan(a[d]) ? rest : a[d], y = isnan(b[d]) ? rest : b[d];
        double own = exp(-2 * s->model.hyper.theta[d]) * (category ? x != y : (x - y) * (x - y));
        r2 += own;
        sum += matern(own) / 4;
    }
    return s->model.additive ? sum : matern(r2);
}

/* Solve A x = b by elimination with pivots. */
static void solve(const double *a, const double *b, double *x, int n) {
    double *m = hopt_alloc((size_t)n * (size_t)(n + 1) * sizeof *m);
    int w = n + 1;
    for (int i = 0; i < n; i++) {
        memcpy(m + i * w, a + i * n, (size_t)n * sizeof *m);
        m[i * w + n] = b[i];
    }
    for (int k = 0; k < n; k++) {
        int pivot = k;
        for (int i = k + 1; i < n; i++)
            if (fabs(m[i * w + k]) > fabs(m[pivot * w + k])) pivot = i;
        for (int j = 0; j < w; j++) {
            double swap = m[k * w + j];
            m[k * w + j] = m[pivot * w + j];
            m[pivot * w + j] = swap;
        }
        for (int i = 0; i < n; i++) {
            if (i == k) continue;
            double f = m[i * w + k] / m[k * w + k];
            for (int j = k; j < w; j++)
                m[i * w + j] -= f * m[k * w + j];
        }
    }
    for (int i = 0; i < n; i++)
        x[i] = m[i * w + n] / m[i * w + i];
    free(m);
}

/* LAPACK's factor of the matrix of tests/golden/cholesky.py, which prints these tables. */
Test(gp_model, cholesky_as_lapack) {
    enum { SIZE = 40 };
    static const double diagonal[] = {
        1.0000000005,          0.80086699399054329,   0.31607313228231365,   0.22733970233409467,
        0.30604153975040216,   0.10606022387745016,   0.25157858215690621,   0.094624941531609941,
        0.045922142401855159,  0.12866606404118117,   0.14609999402958979,   0.099169255250304081,
        0.068046828657317343,  0.018251727759836568,  0.020600889301740859,  0.056988848504172816,
        0.092522645230000228,  0.021805125213409989,  0.043188891772825408,  0.023518817141275003,
        0.013009757470207984,  0.0064630250596030194, 0.0050925507628672055, 0.041837104755762647,
        0.10081013576795642,   0.016838597738750787,  0.04665655311705242,   0.012591314720767773,
        0.012062618727722636,  0.035948582475949321,  0.0071815268349762979, 0.011436561807513271,
        0.012543171070427708,  0.015992553397187508,  0.0021025549278138947, 0.0034286051303674446,
        0.0060592292258064865, 0.025604111611141098,  0.017192679406898861,  0.017465282787468069};
    static const double last[] = {
        0.99049085266785408,     0.078285789620859331,    0.022848425274359475,
        0.023760524885813646,    -0.040894787241122228,   -0.051592531493571826,
        0.036917563747115703,    0.052369482062961312,    0.00087445218833053829,
        0.026738593076144797,    0.0029131557886796144,   -0.0042082862907071618,
        -0.002965872494573234,   -0.018112554116821198,   -0.012157934216527793,
        0.038810250444399813,    0.0007402117365641023,   0.00079945397926719207,
        0.010196566869125461,    0.001089298428252959,    -0.0058366264612550959,
        0.0001983328962453709,   0.002632485861437561,    -0.0010362496158943058,
        0.00012757846439280971,  0.0036662548684051176,   0.0014970253708636431,
        -9.2590262144350152e-05, 0.0011848517342397977,   -1.6422047607779148e-05,
        -0.0013093597901332505,  -0.00079843455398487294, 7.0407221510087784e-05,
        -0.007678908196445098,   -0.0021072985033302686,  -0.0015591453995729629,
        0.00010574459282748506,  -8.7225635330976487e-05, -0.0011459412658459433,
        0.017465282787468069};
    for (int w = 0; hopt_gp_ops_at(w); w++) {
        double lower[SIZE * SIZE], upper[SIZE * SIZE];
        for (int j = 0; j < SIZE; j++)
            for (int i = 0; i < SIZE; i++) {
                const double phi = 0.61803398874989485;
                double a = fmod(i * phi, 1) - fmod(j * phi, 1);
                double b = fmod((double)i * i * phi, 1) - fmod((double)j * j * phi, 1);
                lower[j * SIZE + i] = matern(a * a + b * b) + (i == j ? 1e-9 : 0);
            }
        cr_assert(hopt_gp_cholesky(hopt_gp_ops_at(w), lower, upper, SIZE, SIZE));
        for (int i = 0; i < SIZE; i++) {
            cr_assert_float_eq(lower[i * SIZE + i], diagonal[i], 1e-9, "%d", i);
            cr_assert_float_eq(lower[i * SIZE + SIZE - 1], last[i], 1e-9, "%d", i);
            cr_assert_eq(upper[(SIZE - 1) * SIZE + i], lower[i * SIZE + SIZE - 1]);
        }
    }
}

static void gram(const setting *s, double *k, int n, double eta) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            k[i * n + j] = kernel(s, s->rows + i * 4, s->rows + j * 4) + (i == j ? eta : 0);
}

static double sum_product(const double *a, const double *b, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void check_posterior_as_by_plain_algebra(bool additive) {
    setting s;
    open_setting(&s);
    s.model.additive = additive;
    hopt_gp_model *m = &s.model;
    cr_assert(hopt_gp_model_factor(m));
    cr_assert_not(isnan(hopt_gp_model_choose(m)));
    hopt_gp_model_finish(m);
    double k[N * N], ones[N], by_one[N], by_t[N], a[N], e[N];
    gram(&s, k, N, exp(-6));
    for (int i = 0; i < N; i++)
        ones[i] = 1;
    solve(k, ones, by_one, N);
    solve(k, m->t, by_t, N);
    double mean = sum_product(ones, by_t, N) / sum_product(ones, by_one, N);
    cr_assert_float_eq(m->mean, mean, 1e-9);
    for (int i = 0; i < N; i++)
        e[i] = m->t[i] - mean;
    solve(k, e, a, N);
    double variance = sum_product(e, a, N) / N, best = INFINITY;
    cr_assert_float_eq(m->variance, variance, 1e-9);
    for (int i = 0; i < N; i++) {
        cr_assert_float_eq(m->alpha[i], a[i], 1e-7);
        best = fmin(best, m->t[i] - exp(-6) * a[i]);
    }
    cr_assert_float_eq(m->best, best, 1e-9);
    /* At other points: mean, deviation, and log EI of many as of one. */
    double many[MORE];
    hopt_gp_log_ei(m, s.rows + N * 4, MORE, many);
    for (int i = N; i < N + MORE; i++) {
        double c[N], x[N], mu, deviation, cdf, pdf;
        for (int j = 0; j < N; j++)
            c[j] = kernel(&s, s.rows + i * 4, s.rows + j * 4);
        solve(k, c, x, N);
        double wanted = sqrt(variance * (1 - sum_product(c, x, N)));
        double one = hopt_gp_log_ei_at(m, s.rows + i * 4, NULL, &mu, &deviation);
        cr_assert_float_eq(mu, mean + sum_product(c, a, N), 1e-8);
        cr_assert_float_eq(deviation, wanted, 1e-7);
        cr_assert_float_eq(one, log(wanted) + hopt_gp_log_h((best - mu) / wanted, &cdf, &pdf),
                           1e-5);
        cr_assert_float_eq(one, many[i - N], additive ? 1e-7 * (1 + fabs(one)) : 1e-9);
    }
    close_setting(&s);
}

Test(gp_model, posterior_as_by_plain_algebra) {
    check_posterior_as_by_plain_algebra(false);
    check_posterior_as_by_plain_algebra(true);
}

/* Believing a pending trial with its own mean changes no mean and lowers the deviation; where that
 * mean is the least it is the one to be improved on. */
static void check_believed_trials(bool additive) {
    setting s;
    open_setting(&s);
    s.model.additive = additive;
    hopt_gp_model *m = &s.model;
    cr_assert(hopt_gp_model_factor(m));
    (void)hopt_gp_model_choose(m);
    hopt_gp_model_finish(m);
    double before[MORE], after, was[MORE], is;
    for (int i = 0; i < MORE; i++)
        (void)hopt_gp_log_ei_at(m, s.rows + (N + i) * 4, NULL, &before[i], &was[i]);
    double best = m->best = before[0] + 1;
    for (int i = 0; i < 3; i++) {
        hopt_gp_model_believe(m, s.rows + (N + i) * 4);
        best = fmin(best, before[i]);
        cr_assert_float_eq(m->t[N + i], before[i], 1e-9);
        cr_assert_float_eq(m->best, best, 1e-9);
    }
    cr_assert_eq(m->total, N + 3);
    double k[(N + 3) * (N + 3)], c[N + 3], x[N + 3];
    gram(&s, k, N + 3, exp(-6));
    for (int i = N; i < N + 3; i++)
        k[i * (N + 3) + i] += 1e-6;
    for (int i = 0; i < MORE; i++) {
        (void)hopt_gp_log_ei_at(m, s.rows + (N + i) * 4, NULL, &after, &is);
        cr_assert_float_eq(after, before[i], 1e-9);
        cr_assert_leq(is, was[i] + 1e-12);
        for (int j = 0; j < N + 3; j++)
            c[j] = kernel(&s, s.rows + (N + i) * 4, s.rows + j * 4);
        solve(k, c, x, N + 3);
        cr_assert_float_eq(is, sqrt(m->variance * fmax(1 - sum_product(c, x, N + 3), 1e-10)), 1e-7);
    }
    close_setting(&s);
}

Test(gp_model, believed_trials) {
    check_believed_trials(false);
    check_believed_trials(true);
}

static void check_gradient_of_log_ei(bool additive) {
    setting s;
    open_setting(&s);
    s.model.additive = additive;
    hopt_gp_model *m = &s.model;
    cr_assert(hopt_gp_model_factor(m));
    (void)hopt_gp_model_choose(m);
    hopt_gp_model_finish(m);
    for (int i = N; i < N + MORE; i++) {
        double *row = s.rows + i * 4, gradient[4];
        (void)hopt_gp_log_ei_at(m, row, gradient, NULL, NULL);
        for (int d = 0; d < 4; d++) {
            bool moves = !isnan(row[d]) && s.cube->dims[d].scale != HOPT_CUBE_OPTION;
            if (!moves) {
                cr_assert_eq(gradient[d], 0);
                continue;
            }
            double u = row[d], h = 1e-6;
            row[d] = u + h;
            double up = hopt_gp_log_ei_at(m, row, NULL, NULL, NULL);
            row[d] = u - h;
            double down = hopt_gp_log_ei_at(m, row, NULL, NULL, NULL);
            row[d] = u;
            cr_assert_float_eq(gradient[d], (up - down) / (2 * h), 1e-4 * (1 + fabs(gradient[d])));
        }
    }
    close_setting(&s);
}

Test(gp_model, gradient_of_log_ei) {
    check_gradient_of_log_ei(false);
    check_gradient_of_log_ei(true);
}

/* The likelihood of GP.md 3 and 4 with its priors, by plain algebra. */
static double log_posterior(setting *s, const double *theta, double ln_eta, double theta_mean) {
    double k[N * N], ones[N], by_one[N], by_t[N], e[N], a[N];
    memcpy(s->model.hyper.theta, theta, 4 * sizeof *theta);
    gram(s, k, N, exp(ln_eta));
    for (int i = 0; i < N; i++)
        ones[i] = 1;
    solve(k, ones, by_one, N);
    solve(k, s->model.t, by_t, N);
    double mean = sum_product(ones, by_t, N) / sum_product(ones, by_one, N), determinant = 0;
    for (int i = 0; i < N; i++)
        e[i] = s->model.t[i] - mean;
    solve(k, e, a, N);
    double chol[N * N];
    memcpy(chol, k, sizeof k);
    for (int j = 0; j < N; j++) { /* the determinant by elimination */
        for (int i = j + 1; i < N; i++) {
            double f = chol[i * N + j] / chol[j * N + j];
            for (int l = j; l < N; l++)
                chol[i * N + l] -= f * chol[j * N + l];
        }
        determinant += log(chol[j * N + j]);
    }
    double value = -.5 * N * log(sum_product(e, a, N) / N) - .5 * determinant;
    for (int d = 0; d < 4; d++)
        value -= .5 * pow((theta[d] - theta_mean) / 1.2, 2);
    return value - .5 * pow((ln_eta + 9.2) / 3, 2);
}

/* A maximum: no small step of any hyperparameter that stays inside its clamps is a gain. */
static void check_maximum(setting *s, double active) {
    double theta_mean = s->model.additive ? 0 : .5 * log(active), theta[4];
    double ln_eta = s->model.hyper.ln_eta;
    memcpy(theta, s->model.hyper.theta, sizeof theta);
    double top = log_posterior(s, theta, ln_eta, theta_mean);
    for (int d = 0; d < 5; d++)
        for (int sign = -1; sign <= 1; sign += 2) {
            double moved[4], eta = ln_eta + (d == 4 ? sign * .3 : 0);
            memcpy(moved, theta, sizeof moved);
            if (d < 4) moved[d] += sign * .3;
            if (eta < -23) continue;
            double there = log_posterior(s, moved, eta, theta_mean);
            cr_assert_lt(there, top + (s->model.additive ? .05 : .02), "%d by %d: %g more", d, sign,
                         there - top);
        }
}

/* A sum of functions of one parameter each is taken for one, a product of them is not. */
Test(gp_model, the_fit_is_a_maximum_and_knows_a_sum) {
    setting s;
    open_setting(&s);
    cr_assert(hopt_gp_fit_either(&s.model, 3.5));
    cr_assert(s.model.additive);
    check_maximum(&s, 3.5);
    for (size_t i = 0; i < N; i++) {
        const double *row = s.rows + i * 4;
        s.model.loss[i] = sin(4 * row[2]) * (row[3] - .4) * (1 + row[0]);
    }
    cr_assert(hopt_gp_fit_either(&s.model, 3.5));
    cr_assert_not(s.model.additive);
    check_maximum(&s, 3.5);
    double length = s.model.hyper.theta[2];
    cr_assert(hopt_gp_fit(&s.model, 3.5, NULL));
    cr_assert_eq(s.model.hyper.theta[2], length);
    close_setting(&s);
}

/* What hopt_gp_fit() compares: the likelihood of the losses before their transform, and the priors.
 */
static double end_of_climb(setting *s, bool linear, double *length) {
    hopt_gp_hyper as = {.linear = linear};
    cr_assert(hopt_gp_fit(&s->model, 3.5, &as));
    cr_assert_eq(s->model.hyper.linear, linear);
    cr_assert_eq(isinf(s->model.transform.c) || !linear, true);
    *length = s->model.hyper.theta[2];
    double theta[4];
    memcpy(theta, s->model.hyper.theta, sizeof theta);
    return log_posterior(s, theta, s->model.hyper.ln_eta, .5 * log(3.5)) +
           hopt_gp_transform_log_jacobian(&s->model.transform, s->model.loss, N);
}

static void check_better_climb(setting *s, bool linear) {
    double by_likely, by_linear;
    double likely = end_of_climb(s, false, &by_likely), as_is = end_of_climb(s, true, &by_linear);
    cr_assert_eq(as_is > likely, linear, "%g and %g", likely, as_is);
    cr_assert_neq(by_likely, by_linear);
    cr_assert(hopt_gp_fit(&s->model, 3.5, NULL));
    cr_assert_eq(s->model.hyper.linear, linear);
    cr_assert_eq(s->model.hyper.theta[2], linear ? by_linear : by_likely);
}

/* A bent bowl is best modelled as it is, though at the start of the climb its logarithm looks
 * better; where the losses span decades the logarithm is the better end too. */
Test(gp_model, the_better_of_two_climbs_stays) {
    setting s;
    open_setting(&s);
    for (size_t i = 0; i < N; i++) {
        const double *row = s.rows + i * 4, y = row[2] - .3, k = row[3] - .6;
        s.model.loss[i] = 1000 * pow(y + k, 2) + pow(y - k, 2) + row[0];
    }
    check_better_climb(&s, true);
    for (size_t i = 0; i < N; i++) {
        const double *row = s.rows + i * 4;
        s.model.loss[i] = exp(9 * sin(4 * row[2]) * row[3] + 2 * row[0]);
    }
    check_better_climb(&s, false);
    close_setting(&s);
}

/* Of a function without noise trials close together must not look like noise. */
Test(gp_model, a_clump_is_not_noise) {
    setting s;
    open_setting(&s);
    for (size_t i = 0; i < N; i++) {
        double *row = s.rows + i * 4;
        if (i >= N / 2) { /* round one point, as a search ends */
            row[0] = 1;
            row[1] = NAN;
            row[2] = .3 + 1e-4 * hopt_rng_normal(&s.rng);
            row[3] = hopt_cube_snap(&s.cube->dims[3], .6);
            hopt_gp_model_put(&s.model, i, row);
        }
        s.model.loss[i] = pow(row[2] - .3, 2) + pow(row[3] - .6, 2) + row[0];
    }
    cr_assert(hopt_gp_fit(&s.model, 3.5, NULL));
    cr_assert_lt(s.model.hyper.ln_eta, -20);
    for (size_t i = 0; i < N; i++)
        s.model.loss[i] += .05 * hopt_rng_normal(&s.rng);
    cr_assert(hopt_gp_fit(&s.model, 3.5, NULL));
    cr_assert_gt(s.model.hyper.ln_eta, -8);
    close_setting(&s);
}

Test(gp_transform, by_its_formula_and_at_extremes) {
    double losses[] = {3, 1, 7, 2, 100};
    hopt_gp_transform t = hopt_gp_transform_of(losses, 5);
    cr_assert_eq(t.lowest, 1);
    cr_assert_eq(t.scale, 2);
    cr_assert_float_eq(hopt_gp_transform_apply(&t, 7), 3, 1e-12);
    t.c = .1;
    cr_assert_float_eq(hopt_gp_transform_apply(&t, 7), .1 * log1p(3 / .1), 1e-14);
    double jacobian = 0;
    for (int i = 0; i < 5; i++)
        jacobian -= log1p((losses[i] - 1) / 2 / .1);
    cr_assert_float_eq(hopt_gp_transform_log_jacobian(&t, losses, 5), jacobian, 1e-12);
    double wide[] = {-1e308, 1e308, 0, 1e300, -1e300};
    for (int k = 0; k < HOPT_GP_TRANSFORMS; k++) {
        t = hopt_gp_transform_of(wide, 5);
        t.c = hopt_gp_transform_at(k);
        for (int i = 0; i < 5; i++)
            cr_assert(isfinite(hopt_gp_transform_apply(&t, wide[i])), "%d %d", k, i);
    }
    double one[] = {5};
    t = hopt_gp_transform_of(one, 1);
    cr_assert_eq(hopt_gp_transform_apply(&t, 5), 0);
}
