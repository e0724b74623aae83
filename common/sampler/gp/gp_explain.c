/** Why `gp` proposed what it did last: what the model found out, and how the winner looks to it. */
#include <math.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/sampler/explain.h"
#include "common/sampler/gp/gp.h"
#include "common/sampler/normal.h"

/** Short: the loss changes quickly along this parameter, so it matters. */
static json_t *length_scales(const hopt_gp *gp) {
    const hopt_cube *cube = gp->tpe->cube;
    json_t *labels = json_object();
    for (int d = 0; d < cube->size; d++) {
        double theta = gp->model.hyper.theta[d];
        json_object_set_new(labels, cube->dims[d].param->label,
                            json_pack("{s:f, s:f}", "scale", hopt_math_exp(theta), "weight",
                                      hopt_math_exp(-2 * theta)));
    }
    return labels;
}

static json_t *transform_of(const hopt_gp_model *model) {
    const hopt_gp_transform *t = &model->transform;
    hopt_buf text = HOPT_BUF_INIT;
    if (isinf(t->c))
        hopt_buf_text(&text, "none");
    else
        hopt_buf_print(&text, "%g ln(1 + x / %g)", t->c, t->c);
    json_t *said = json_pack("{s:s, s:o, s:o}", "form", hopt_buf_string(&text), "lowest",
                             hopt_explain_number(t->lowest), "unit", hopt_explain_number(t->scale));
    hopt_buf_clear(&text);
    return said;
}

static void add_good(const hopt_gp *gp, json_t *said) {
    enum { SHOWN = 5 };
    json_t *good = json_array();
    const hopt_record *records = gp->tpe->split.history.records;
    for (size_t i = 0; i < gp->n_order && i < SHOWN; i++)
        hopt_explain_trial(good, records[gp->order[i]].num, records[gp->order[i]].loss);
    json_object_set_new(said, "good", good);
    json_object_set_new(said, "others",
                        json_integer((json_int_t)(gp->n_order - json_array_size(good))));
}

json_t *hopt_gp_explain(const hopt_gp *gp) {
    const hopt_gp_model *model = &gp->model;
    json_t *said = hopt_explain_step(
        "gp", "the highest expected improvement that was found, by a Gaussian process over the "
              "ended trials");
    json_object_set_new(said, "trials", json_integer((json_int_t)model->n));
    json_object_set_new(said, "running", json_integer((json_int_t)(model->total - model->n)));
    json_object_set_new(said, "log_ei", hopt_explain_number(gp->log_ei));
    json_object_set_new(said, "mean", hopt_explain_number(gp->mean));
    json_object_set_new(said, "deviation", hopt_explain_number(gp->deviation));
    json_object_set_new(said, "best_mean", hopt_explain_number(model->best));
    json_object_set_new(said, "believed_best", json_integer(gp->believed));
    json_object_set_new(
        said, "noise",
        hopt_explain_number(hopt_math_exp(0.5 * model->hyper.ln_eta) * sqrt(model->variance)));
    json_object_set_new(said, "transform", transform_of(model));
    json_object_set_new(said, "kernel", json_string(model->additive ? "sum" : "product"));
    json_object_set_new(said, "length_scales", length_scales(gp));
    add_good(gp, said);
    return said;
}
