/**
 * What the files of the space module share.
 *
 * Design notes: a space is a tree of nodes that mirrors the JSON, and a flat array of parameters.
 * A subtree without parameters is one constant node. A choice's options hang below its parameter,
 * not below a node, so a shared choice has them once.
 */
#ifndef HOPT_SPACE_SPACE_INTERNAL_H
#define HOPT_SPACE_SPACE_INTERNAL_H

#include "common/json/json.h"
#include "common/space/space.h"

typedef enum hopt_space__kind { NODE_CONST, NODE_LIST, NODE_OBJECT, NODE_PARAM } hopt_space__kind;

typedef struct hopt_space__node {
    hopt_space__kind kind;
    const json_t *json; /**< the text's value; of the space's own copy */
    int param;          /**< NODE_PARAM */
    size_t n;           /**< NODE_LIST, NODE_OBJECT: children, none of them missing */
    struct hopt_space__node *children;
    const char **keys; /**< NODE_OBJECT: the children's keys, owned by `json` */
} hopt_space__node;

/** One option of a choice. */
typedef struct hopt_space__branch {
    const char *name; /**< its _name, or NULL; owned by the space's JSON */
    hopt_space__node node;
} hopt_space__branch;

/** What a parameter has beside its public part. */
typedef struct hopt_space__extra {
    char *label;
    hopt_space__branch *branches; /**< dist.options of them; NULL for all but choices */
    double *probability;
    hopt_condition *conditions;
    size_t n_conditions, conditions_capacity;
    bool unconditional; /**< occurs outside of every choice */
    bool labelled;      /**< by _label */
    bool open;          /**< being parsed: an occurrence now lies inside itself */
    const json_t *json; /**< its first definition */
    char *path;         /**< where that is, for hopt_json_locate(); freed after the parse */
} hopt_space__extra;

struct hopt_space {
    json_t *json;
    hopt_space__node root;
    int size;
    hopt_param *params;       /**< size */
    hopt_space__extra *extra; /**< size */
    json_t *index;            /**< label -> number of the parameter */
    char *canonical;
    uint64_t hash;
};

/* ---- parsing ---- */

typedef struct hopt_space__parser {
    hopt_space *space;
    const char *text; /**< for positions, or NULL */
    size_t length;
    hopt_errors *errors;
    hopt_buf path;      /**< of the JSON value at hand */
    hopt_buf label;     /**< what a parameter here would be called */
    int choice, option; /**< the nearest enclosing ones; choice -1: none */
    bool inside_choice; /**< also where the choice itself could not be registered */
    int depth;
    size_t capacity, extra_capacity;
    bool too_many;   /**< parameters: said once */
    bool mute_label; /**< the label of an enclosing choice was bad, and said to be */
} hopt_space__parser;

/**
 * Add an error at the value `step` below the parser's path ("" for the path itself; with `key`, at
 * its key), after "`label`: ".
 */
void hopt_space__fail(hopt_space__parser *p, const char *step, bool key, const char *label,
                      const char *format, ...) HOPT_PRINTF(5, 6);
/** "`label`" or "the space" for messages. */
const char *hopt_space__here(const hopt_space__parser *p);

/** Parse any value of a space. */
void hopt_space__parse_node(hopt_space__parser *p, hopt_space__node *node, const json_t *json,
                            bool option);
/** Parse an object that has a _type, or looks as if it should. */
void hopt_space__parse_param(hopt_space__parser *p, hopt_space__node *node, const json_t *json);
/** Read _type and _value into `dist`; false when something was wrong (and said). */
bool hopt_space__parse_dist(hopt_space__parser *p, const char *label, const json_t *json,
                            hopt_dist *dist, double **probability);
/** NULL when a label is good, else what is wrong with it. */
const char *hopt_space__bad_label(const char *label);
void hopt_space__node_clear(hopt_space__node *node);

/** Sort the parameters, settle conditions and index, print the canonical text. */
void hopt_space__build(hopt_space *space);
/** The canonical text from the nodes. */
char *hopt_space__print_canonical(const hopt_space *space);

/* ---- points ---- */

bool hopt_dist__quantized(hopt_dist_kind kind);
/** The nearest grid value of a quantized kind; other values as they are. Never -0. */
double hopt_dist__snap(const hopt_dist *dist, double value);
/** Whether the objective gets an integer. */
bool hopt_dist__whole(const hopt_dist *dist);
/** Whether the parameter is active in a point whose earlier inactive parameters are NaN. */
bool hopt_space__active_masked(const hopt_param *param, const double *point);
json_t *hopt_space__resolve_node(const hopt_space *space, const hopt_space__node *node,
                                 const double *point);
/** Equal values; with `loosely`, 1 and 1.0 are. */
bool hopt_space__same_json(const json_t *a, const json_t *b, bool loosely);

#endif
